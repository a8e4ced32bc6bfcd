"""Letters, memos and ledgers of an invented dispute about cargo that thawed. The same seed gives the same text."""

import random
import textwrap
from collections.abc import Sequence

_WIDTH = 84

_PEOPLE = ("Ngozi Okafor", "Per Lindqvist", "Amelia Thornbury", "Rafael Quintero", "Hana Sedlak", "Tom Abernathy")
_FIRMS = ("Harbourline Cold Storage", "Tessaly Imports", "Greywater & Pike", "Meridian Surveyors", "Orchard Freight")
_STREETS = ("14 Wharf Road", "220 Granary Lane", "3 Custom House Square", "87 Foundry Street")
_MONTHS = ("January", "February", "March", "April", "May", "June", "September", "October")
_SUBJECTS = (
    "the consignment of 14 March",
    "temperature records for bay seven",
    "our claim under the storage agreement",
    "inspection of the refrigeration plant",
    "the invoice that remains unpaid",
    "preservation of documents",
)
_OPENINGS = (
    "Thank you for your letter, which reached us on Tuesday and which we have read with some surprise.",
    "We write further to our conversation at the warehouse last week and to confirm what was agreed there.",
    "You will recall that the goods were handed over in good order and that your foreman signed for them.",
    "I have now had the chance to go through the records that your office sent over.",
)
_SENTENCES = (
    "The logger in bay seven shows that the temperature rose above minus four degrees shortly after midnight.",
    "Nobody on the night shift appears to have noticed the alarm until the morning crew arrived at six.",
    "Of the 412 cartons in the consignment, 96 had thawed and another 31 showed signs of having been refrozen.",
    "Clause 9 of the agreement is plain: the keeper answers for the temperature from the gate to the truck.",
    "We do not accept that a power cut of eleven minutes explains a loss of this size.",
    "The compressor had been due for service in January, and no record of that service has been produced.",
    "Mr Abernathy remembers the delivery well, since it was the last one before the bank holiday.",
    "Copies of the delivery notes are enclosed, together with photographs taken on the quay.",
    "The replacement stock was bought in at short notice and at a price of 38,250.00 for the lot.",
    "Please let us have the original charts rather than the summary that was attached to your message.",
    "Our surveyor was kept waiting for two hours and was then shown only the front of the cold store.",
    "Any file notes, telephone records and drafts that touch on these events must be kept.",
    "The insurers have been told and have asked that nothing be moved before their inspection.",
    "It would be in the interest of both sides to settle the smaller items without further letters.",
    "The seals were intact on arrival, as the note signed by the driver confirms.",
    "A second reading was taken with a hand-held probe and differed by less than half a degree.",
    "The forklift driver on duty that night left the company in April and has not been traced.",
    "Three pallets were moved to bay two without any note of who gave the order.",
    "The contract price covers storage only; blast freezing is charged by the kilogram.",
    "A spare relay costs less than forty euros and would have kept the plant running.",
    "Both keys to the plant room hang in the gatehouse, where anybody may take them.",
    "Condensation on the inner doors suggests that they had stood open for some time.",
    "The driver waited at the gate from 21:40 until a quarter past one.",
    "Samples were drawn from every tenth carton and sent to the laboratory in sealed boxes.",
    "The laboratory found nothing that would have made the goods unsafe, only soft and unsaleable.",
    "It is agreed that the fire alarm went off twice and that both calls were false.",
)
_CLOSINGS = (
    "We look forward to your reply within fourteen days.",
    "Unless we hear from you by the end of the month, we shall advise our clients to begin proceedings.",
    "Please telephone me if anything in this letter is unclear.",
)
_ITEMS = (
    "Pallet storage",
    "Blast freezing",
    "Handling in",
    "Handling out",
    "Night surcharge",
    "Customs escort",
    "Repair",
)


def letter(seed: int) -> list[str]:
    """Return one page of a letter: address, date, subject, body and signature."""
    rng = random.Random(f"letter {seed}")
    sender, reader = rng.sample(_PEOPLE, 2)
    head = [rng.choice(_FIRMS), rng.choice(_STREETS), "", _date(rng), ""]
    body = [rng.choice(_OPENINGS), *_paragraphs(rng, 3), rng.choice(_CLOSINGS)]
    subject = f"Re: {rng.choice(_SUBJECTS)}"
    return [*head, f"Dear {reader},", "", subject, "", *_wrap(body), "Yours sincerely,", "", sender]


def memo(seed: int) -> list[str]:
    """Return one page of an internal memorandum."""
    rng = random.Random(f"memo {seed}")
    sender, reader = rng.sample(_PEOPLE, 2)
    head = ["MEMORANDUM", "", f"To: {reader}", f"From: {sender}", f"Date: {_date(rng)}"]
    return [*head, f"Subject: {rng.choice(_SUBJECTS)}", "", *_wrap(_paragraphs(rng, 4))]


def ledger(seed: int, rows: int = 36) -> list[str]:
    """Return one page of an account in columns, with its total."""
    rng = random.Random(f"ledger {seed}")
    amounts = [rng.randrange(4_000, 900_000) for _ in range(rows)]
    lines = [_ledger_row(rng, number, amount) for number, amount in enumerate(amounts, start=1)]
    title = f"{rng.choice(_FIRMS).upper()} - LEDGER, FOLIO {seed + 1}"
    total = f"{'TOTAL':<46}{sum(amounts) / 100:>14,.2f}"
    return [title, "", f"{'No.':<6}{'Date':<12}{'Item':<28}{'Amount':>14}", *lines, "", total]


def report_page(seed: int, number: int) -> list[str]:
    """Return one page of a long report; ``number`` counts from 1."""
    rng = random.Random(f"report {seed} {number}")
    head = ["REPORT OF SURVEY", f"Section {number}: {rng.choice(_SUBJECTS)}", ""]
    return [*head, *_wrap(_paragraphs(rng, 6)), f"Page {number}"]


def _ledger_row(rng: random.Random, number: int, amount: int) -> str:
    date = f"{rng.randrange(1, 29):02}.{rng.randrange(1, 13):02}.2019"
    return f"{number:<6}{date:<12}{rng.choice(_ITEMS):<28}{amount / 100:>14,.2f}"


def _paragraphs(rng: random.Random, count: int) -> list[str]:
    """Return paragraphs of four sentences, no sentence twice."""
    sentences = rng.sample(_SENTENCES, 4 * count)
    return [" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 4)]


def _wrap(paragraphs: Sequence[str]) -> list[str]:
    return [line for paragraph in paragraphs for line in (*textwrap.wrap(paragraph, _WIDTH), "")]


def _date(rng: random.Random) -> str:
    return f"{rng.randrange(1, 29)} {rng.choice(_MONTHS)} 2019"
