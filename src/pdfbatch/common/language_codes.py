"""Languages as people and standards name them, as codes of tesseract: ``de``, ``de-AT``, ``ger``, ``German`` are ``deu``."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import cast

AUTO = "auto"
"""Setting for languages that are guessed from the pages."""

# code of tesseract (mostly ISO 639-2/T): ISO 639-1 code, other ISO 639-2 code, names; "-" where there is none
_TABLE = """
afr af - afrikaans
amh am - amharic
ara ar - arabic|العربية
asm as - assamese
aze az - azerbaijani
aze_cyrl - - azerbaijani cyrillic
bel be - belarusian|беларуская
ben bn - bengali|bangla
bod bo tib tibetan
bos bs - bosnian|bosanski
bre br - breton
bul bg - bulgarian|български
cat ca - catalan|valencian|català
ceb - - cebuano
ces cs cze czech|čeština
chi_sim zh zho|chi chinese|simplified chinese|chinese simplified|mandarin|中文|简体中文
chi_tra - - traditional chinese|chinese traditional|繁體中文
chr - - cherokee
cos co - corsican
cym cy wel welsh|cymraeg
dan da - danish|dansk
deu de ger german|deutsch
div dv - dhivehi|maldivian|divehi
dzo dz - dzongkha
ell el gre greek|modern greek|ελληνικά
eng en - english
enm - - middle english
epo eo - esperanto
est et - estonian|eesti
eus eu baq basque|euskara
fao fo - faroese
fas fa per persian|farsi|فارسی
fil tl - filipino|tagalog|pilipino
fin fi - finnish|suomi
fra fr fre french|français
frm - - middle french
fry fy - western frisian|frisian
gla gd - scottish gaelic|scots gaelic
gle ga - irish|gaeilge
glg gl - galician|galego
grc - - ancient greek
guj gu - gujarati
hat ht - haitian|haitian creole
heb he|iw - hebrew|עברית
hin hi - hindi|हिन्दी
hrv hr scr croatian|hrvatski
hun hu - hungarian|magyar
hye hy arm armenian
iku iu - inuktitut
ind id|in - indonesian|bahasa indonesia
isl is ice icelandic|íslenska
ita it - italian|italiano
jav jv - javanese
jpn ja - japanese|日本語
kan kn - kannada
kat ka geo georgian
kaz kk - kazakh
khm km - khmer|cambodian
kir ky - kyrgyz|kirghiz
kmr ku - kurdish|northern kurdish|kurmanji
kur ckb - central kurdish|sorani
kor ko - korean|한국어
lao lo - lao
lat la - latin
lav lv - latvian|latviešu
lit lt - lithuanian|lietuvių
ltz lb - luxembourgish
mal ml - malayalam
mar mr - marathi
mkd mk mac macedonian|македонски
mlt mt - maltese
mon mn - mongolian
mri mi mao maori|māori
msa ms may malay|bahasa melayu
mya my bur burmese|myanmar
nep ne - nepali
nld nl dut dutch|flemish|nederlands
nor no|nb|nn nob|nno norwegian|norwegian bokmål|norwegian nynorsk|bokmål|nynorsk|norsk
oci oc - occitan
ori or - odia|oriya
pan pa - punjabi|panjabi
pol pl - polish|polski
por pt - portuguese|brazilian portuguese|português
pus ps - pashto
que qu - quechua
ron ro|mo rum|mol romanian|moldavian|română
rus ru - russian|русский
san sa - sanskrit
sin si - sinhala|sinhalese
slk sk slo slovak|slovenčina
slv sl - slovenian|slovene|slovenščina
snd sd - sindhi
spa es - spanish|castilian|español
sqi sq alb albanian|shqip
srp sr scc serbian|српски
srp_latn - - serbian latin|latin serbian|srpski
sun su - sundanese
swa sw - swahili|kiswahili
swe sv - swedish|svenska
syr - - syriac
tam ta - tamil
tat tt - tatar
tel te - telugu
tgk tg - tajik
tgl - - -
tha th - thai|ไทย
tir ti - tigrinya
ton to - tongan
tur tr - turkish|türkçe
uig ug - uyghur|uighur
ukr uk - ukrainian|українська
urd ur - urdu
uzb uz - uzbek
uzb_cyrl - - uzbek cyrillic
vie vi - vietnamese|tiếng việt
yid yi - yiddish
yor yo - yoruba
"""

# Languages that are written in two ways, by the subtags (of RFC 5646) that tell which.
_VARIANTS = (
    ("chi_sim", frozenset({"hant", "tw", "hk", "mo"}), "chi_tra"),
    ("srp", frozenset({"latn"}), "srp_latn"),
    ("aze", frozenset({"cyrl"}), "aze_cyrl"),
    ("uzb", frozenset({"cyrl"}), "uzb_cyrl"),
)
_BETWEEN = re.compile(r"\s*[+,;/|&]\s*|\s+and\s+")
_TAG = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{1,8})+")
_IN_BRACKETS = re.compile(r"\s*\(([^)]*)\)")


def find_codes(name: str) -> list[str]:
    """Return the codes of the languages in a text such as ``de``, ``German`` or ``eng+deu``; none for one that is not known.

    Also known are ISO 639-1 and ISO 639-2 codes with a region or script (``pt-BR``, ``zh_Hant``), and English and own names,
    in any case. Several are separated by ``+ , ; / | &`` or "and"; a name among them that is not known is left out.
    """
    if (whole := find_code(name)) is not None:
        return [whole]
    codes = (find_code(part) for part in _BETWEEN.split(name))
    return list(dict.fromkeys(code for code in codes if code is not None))


def list_names(name: str) -> list[str]:
    """Return the single names in a text with several, as ``find_codes`` separates them."""
    return (
        [name.strip()]
        if find_code(name) is not None
        else [part.strip() for part in _BETWEEN.split(name) if part.strip()]
    )


@lru_cache(maxsize=1024)
def find_code(name: str) -> str | None:
    """Return the code of one language, ``None`` when the name is not known."""
    plain = " ".join(unicodedata.normalize("NFC", name).strip().casefold().replace(".", "").split())
    known = _known_names()
    if plain in known:
        return known[plain]
    plain = " ".join(_IN_BRACKETS.sub(r" \1", plain).split())
    if plain in known:
        return known[plain]
    if _TAG.fullmatch(plain):
        language, *further = re.split("[-_]", plain)
        return _variant(known.get(language), frozenset(further))
    return None


def codes_of_setting(languages: str) -> str:
    """Return languages that somebody asked for as codes joined by ``+``.

    A name that is not known stays as it is, and so does one with ``_``, because OCR data may have any name (``eng_best``,
    ``script/Latin``).
    """
    if languages.strip().casefold() == AUTO:
        return AUTO
    names = (part.strip() for part in languages.split("+"))
    return "+".join(name if "_" in name else find_code(name) or name for name in names)


def names_in(value: object) -> Iterator[str]:
    """Yield the names in a value that metadata have: a text, or a list of texts. Anything else is a name that is not known."""
    match value:
        case str():
            yield from list_names(value)
        case list() | tuple() | set() | frozenset():
            for item in cast("Iterable[object]", value):
                yield from names_in(item)
        case None:
            return
        case _:
            yield str(value)


def _variant(code: str | None, subtags: frozenset[str]) -> str | None:
    return next((other for plain, marks, other in _VARIANTS if code == plain and marks & subtags), code)


@lru_cache(maxsize=1)
def _known_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        code, short, other, spoken = line.split(" ", 3)
        for name in (code, *short.split("|"), *other.split("|"), *spoken.split("|")):
            if name != "-":
                names.setdefault(name.casefold(), code)
    return names
