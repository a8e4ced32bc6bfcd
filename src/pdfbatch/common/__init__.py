"""What many packages need: addresses without secrets, page ranges, codes of languages, a clock, a logger, HTML."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.common.awake_clock import TICK_SECONDS, awake_time, tick_awake_clock
    from pdfbatch.common.cpu_time import count_cpu_seconds, cpu_seconds_of, note_cpu_seconds
    from pdfbatch.common.language_codes import AUTO, codes_of_setting, find_code, find_codes, names_in
    from pdfbatch.common.metadata import simplify_metadata
    from pdfbatch.common.notebook_html import html_figures, html_table
    from pdfbatch.common.output_names import (
        fold_name,
        is_marked,
        mark_name,
        name_of_address,
        name_of_path,
        output_key,
        strip_mark,
    )
    from pdfbatch.common.page_ranges import pages_in, parse_page_range, reaches_beyond
    from pdfbatch.common.pickling import fast_pickle, rebuild
    from pdfbatch.common.safe_logger import SafeLogger
    from pdfbatch.common.urls import redact_text, without_credentials
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        awake_clock="TICK_SECONDS awake_time tick_awake_clock",
        cpu_time="count_cpu_seconds cpu_seconds_of note_cpu_seconds",
        language_codes="AUTO codes_of_setting find_code find_codes names_in",
        metadata="simplify_metadata",
        notebook_html="html_figures html_table",
        output_names="fold_name is_marked mark_name name_of_address name_of_path output_key strip_mark",
        page_ranges="pages_in parse_page_range reaches_beyond",
        pickling="fast_pickle rebuild",
        safe_logger="SafeLogger",
        urls="redact_text without_credentials",
    )

__all__ = [
    "AUTO",
    "TICK_SECONDS",
    "SafeLogger",
    "awake_time",
    "codes_of_setting",
    "count_cpu_seconds",
    "cpu_seconds_of",
    "fast_pickle",
    "find_code",
    "find_codes",
    "fold_name",
    "html_figures",
    "html_table",
    "is_marked",
    "mark_name",
    "name_of_address",
    "name_of_path",
    "names_in",
    "note_cpu_seconds",
    "output_key",
    "pages_in",
    "parse_page_range",
    "reaches_beyond",
    "rebuild",
    "redact_text",
    "simplify_metadata",
    "strip_mark",
    "tick_awake_clock",
    "without_credentials",
]
