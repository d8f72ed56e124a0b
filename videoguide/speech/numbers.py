# SPDX-FileCopyrightText: 2026 The Videoguide engineers
# SPDX-License-Identifier: EUPL-1.2

"""Italian numbers as they are said: cardinals, ordinals, dates, times, amounts, telephone numbers, units, signs.

:func:`in_words` is a list of rules, each a pattern and what is said for it, in the order in which they must be tried:
the more special form comes first. What a rule has turned into words holds no digit, so no later rule sees it again.
The spelling is that of the Italian dictionaries: "centotto", "ventitré", but "centouno" and "duemilaotto".
"""

import re
from collections.abc import Callable
from functools import lru_cache

MONTHS = (
    *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno"),
    *("luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
)

_UNITS = (
    *("zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove", "dieci", "undici", "dodici"),
    *("tredici", "quattordici", "quindici", "sedici", "diciassette", "diciotto", "diciannove"),
)
_TENS = ("venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta", "novanta")
_FIRST_ORDINALS = ("primo", "secondo", "terzo", "quarto", "quinto", "sesto", "settimo", "ottavo", "nono", "decimo")
_LARGE = ((10**9, "un miliardo", "miliardi"), (10**6, "un milione", "milioni"))
LARGEST = 10**12 - 1
"""The largest number that is said as one; longer ones are said digit by digit."""


@lru_cache(maxsize=4096)
def cardinal(number: int) -> str:
    """A number from 0 to ``LARGEST`` in words.

    >>> cardinal(118), cardinal(23), cardinal(1_000_000)
    ('centodiciotto', 'ventitré', 'un milione')
    """
    for size, single, several in _LARGE:
        if number >= size:
            head, rest = divmod(number, size)
            large = single if head == 1 else f"{_before_noun(cardinal(head))} {several}"
            return f"{large} {cardinal(rest)}" if rest else large
    words = _below_million(number)
    return words[:-1] + "é" if words.endswith("tre") and words != "tre" else words


def _below_million(number: int) -> str:
    if number < 20:
        return _UNITS[number]
    if number < 100:
        ten, unit = _TENS[number // 10 - 2], number % 10
        return (ten[:-1] if unit in (1, 8) else ten) + (_UNITS[unit] if unit else "")
    head, rest = divmod(number, 1000 if number >= 1000 else 100)
    words = _below_million(rest) if rest else ""
    if number < 1000:
        hundred = ("" if head == 1 else _UNITS[head]) + "cento"
        return (hundred[:-1] if words.startswith("ott") else hundred) + words
    return ("mille" if head == 1 else _before_noun(_below_million(head)) + "mila") + words


def _before_noun(words: str) -> str:
    """A number as it stands before "mila" and "milioni": "ventun" for "ventuno"; "centouno" stays as it is."""
    return words[:-1] if words.endswith("uno") and not words.endswith("centouno") else words


def ordinal(number: int, *, feminine: bool = False) -> str:
    """The ordinal of a number from 1 on.

    >>> ordinal(1), ordinal(2, feminine=True), ordinal(23), ordinal(100)
    ('primo', 'seconda', 'ventitreesimo', 'centesimo')
    """
    if number <= 10:
        word = _FIRST_ORDINALS[number - 1]
    else:
        words = cardinal(number).replace("é", "e")
        if number % 1000 == 0 and number < 10**6:
            words = "mille" if number == 1000 else words.removesuffix("mila") + "mille"
        if number % 100 == 10:
            word = words.removesuffix("dieci") + "decimo"
        else:
            stem = words if words.endswith(("tre", "sei")) else words[:-1]
            word = stem.replace("centoun", "centun").removeprefix("un ") + "esimo"
    return word[:-1] + "a" if feminine else word


# --- what numbers stand beside ------------------------------------------------------------------

_FEMININE = re.compile(
    r"(?:mano|radio|foto|moto|auto|crisi|analisi|tesi|ipotesi|diagnosi|serie|specie|superficie|app|imèil"
    r"|chiave|legge|parte|notte|voce|classe|madre|moglie|rete|sede|fase|fine|nave|fonte|mente|gente|base|arte|morte"
    r"|valle|corte|carne|neve|febbre|torre|tigre|frase|croce|luce|pace|pelle|cie|cns|dsu|pec|cu|asl|naspi"
    r"|.*(?:zione|sione|gione|nione|udine|igine|agine|ice|tà|tù|a))"
)
_MASCULINE = re.compile(
    r"(?:clima|pigiama|panorama|papa|pianeta|poeta|cinema|delta|sosia|vaglia|boia|gorilla|dramma|.*gramma|diploma"
    r"|idioma|schema|tema|sistema|problema|emblema|teorema|poema|dilemma|specialista|professionista|dentista|pediatra"
    r"|codice|indice|giudice|vertice|apice|pollice|ufficiale)"
)
_NO_NOUN = frozenset(
    (
        *("e", "ed", "o", "od", "a", "ad", "al", "alla", "alle", "allo", "ai", "agli", "all", "di", "del", "della"),
        *("delle", "dello", "dei", "degli", "dell", "da", "dal", "dalla", "dalle", "dai", "in", "nel", "nella", "con"),
        *("su", "sul", "sulla", "per", "tra", "fra", "che", "è", "non", "si", "se", "ma", "come", "anche", "più"),
        *("meno", "fino", "ogni", "virgola", "punto"),
    )
)
"""Words after a number that are not what it counts: after them "1" stays "uno"."""
_NAMED_BY_NUMBER = (
    "numero|articolo|comma|punto|passo|fase|caso|allegato|livello|pagina|capitolo|capo|titolo|sezione|lettera|scheda"
    "|quadro|riga|parte|gruppo|tipo|versione|canale|tasto|modello"
)
"""Nouns whose own number follows them: "passo 1" is "passo uno", whatever comes next."""
_MEN = frozenset(("andrea", "luca", "nicola", "mattia", "elia", "enea", "tobia", "gianluca", "battista", "papa"))
"""Men's names in -a."""


def _is_feminine(noun: str) -> bool:
    noun = noun.lower()
    return not _MASCULINE.fullmatch(noun) and _FEMININE.fullmatch(noun) is not None


def _one(noun: str) -> str:
    """The article of a noun that is counted once, with its blank or apostrophe: "un ", "uno ", "una ", "un'"."""
    spelt = noun.isupper() and not re.search("[AEIOU]", noun[:2])  # SMS is said "esse-emme-esse"
    vowel = noun[0].lower() in "aeiouàèéìòù" or (spelt and noun[0] in "FLMNRSX")
    if _is_feminine(noun):
        return "un'" if vowel else "una "
    return "uno " if not vowel and re.match(r"z|s[^aeiouàèéìòù]|gn|ps|pn|x|y|i[aeou]", noun.lower()) else "un "


# --- what is said for a match -------------------------------------------------------------------

_NUMBER = r"\d{1,3}(?:\.\d{3})+(?!\d)|\d+"
_MONTH = "|".join(MONTHS)
_Match = re.Match[str]


def _number(digits: str) -> str:
    """Digits, with or without points between thousands, as a cardinal; digit by digit where there are too many."""
    plain = digits.replace(".", "")
    return cardinal(int(plain)) if len(plain) <= len(str(LARGEST)) else _by_digit(plain)


def _by_digit(digits: str) -> str:
    return " ".join(_UNITS[int(digit)] for digit in digits)


def _decimals(digits: str) -> str:
    """What stands after the comma: one number, unless it is long or begins with zero."""
    return _by_digit(digits) if digits[0] == "0" or len(digits) > 3 else _number(digits)


def _telephone(match: _Match) -> str:
    """Digit by digit, in the groups in which it is written; long groups are divided, so that hearers can follow."""
    prefix = re.match(r"\+(\d{1,3})[ -]?", match[0])
    groups = re.findall(r"\d+", match[0][prefix.end() :] if prefix else match[0])
    parts = [_by_digit(part) for group in groups for part in re.findall(r"\d{3}(?=\d\d)|\d+", group)]
    return ", ".join([f"più {_number(prefix[1])}", *parts] if prefix else parts)


def _day(day: int) -> str:
    return "primo" if day == 1 else cardinal(day)


def _date(match: _Match) -> str:
    day, month, year = int(match["day"]), int(match["month"]), match["year"]
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return " ".join(map(_number, (match["day"], match["month"], year)))
    return f"{_day(day)} {MONTHS[month - 1]} {_number(year if len(year) == 4 else f'20{year}')}"


def _day_and_month(match: _Match) -> str:
    day = int(match[1])
    return f"{_day(day)} {MONTHS[int(match[2]) - 1]}" if 1 <= day <= 31 else match[0]


def _first_of_month(match: _Match) -> str:
    """The first of a month; an article before it loses its apostrophe: "dall'1 marzo" -> "dal primo marzo"."""
    article = {"l": "il", "all": "al", "dall": "dal", "dell": "del", "nell": "nel", "sull": "sul"}
    return f"{article[match[1].lower()]} primo " if match[1] else "primo "


def _days(match: _Match) -> str:
    return f"dal {_day(int(match[1]))} al {_day(int(match[2]))} "


def _clock(hours: str, minutes: str | None) -> str:
    hour = "una" if int(hours) == 1 else _number(hours)
    return hour + (f" e {_number(minutes)}" if minutes and int(minutes) else "")


def _time(match: _Match) -> str:
    return _clock(match[1], match[2]) if int(match[1]) < 24 and int(match[2]) < 60 else match[0]


def _hours(match: _Match) -> str:
    """Opening hours: "ore 9:30-13" -> "dalle nove e trenta alle tredici"."""
    start, end = _clock(match[1], match[2]), _clock(match[3], match[4])
    return " ".join(
        f"{article}'{hour}" if hour.startswith("una") else f"{article}e {hour}"
        for article, hour in (("dall", start), ("all", end))
    )


def _euro(match: _Match) -> str:
    whole, cents = int(match["whole"].replace(".", "")), int((match["cents"] or "").ljust(2, "0"))
    words = "un" if whole == 1 else _number(match["whole"])
    euro = f"{words} {'di ' if whole and whole % 10**6 == 0 else ''}euro"
    if not cents:
        return euro
    said_cents = "un centesimo" if cents == 1 else f"{cardinal(cents)} centesimi"
    return f"{euro} e {said_cents}" if whole else said_cents


def _with_year(match: _Match) -> str:
    """A law's number and its year: "230/2021" -> "duecentotrenta del duemilaventuno"; of two years both are said."""
    number, year = match[1], match[2]
    follows = re.fullmatch(r"(?:19|20)\d\d", number) and 0 < int(year[-2:]) - int(number[-2:]) < 10
    return f"{_number(number)}{' ' if follows else ' del '}{_number(year)}"


def _roman(match: _Match) -> str:
    """A Roman numeral as an ordinal, in the gender of the noun or name that it belongs to."""
    before, numeral, after = match["before"] or "", match["numeral"], match["after"] or ""
    is_word = numeral == "VI" and (not before or before.isupper())
    if is_word or not re.fullmatch("X{0,3}(?:IX|IV|V?I{0,3})", numeral):
        return match[0]
    number = sum({"I": 1, "V": 5, "X": 10}[sign] for sign in numeral) - 2 * len(re.findall("I(?=[VX])", numeral))
    lead = f"{before} " if before else ""
    if after.lower() in MONTHS:  # via XX Settembre
        return lead + cardinal(number)
    named = before[:1].isupper() and not before.isupper()
    noun = before if named or after in _NO_NOUN or not after else after
    return lead + ordinal(number, feminine=_is_feminine(noun) and noun.lower() not in _MEN)


def _ordinal(match: _Match) -> str:
    number, sign = int(match[1]), match[2]
    return ordinal(number, feminine=sign not in "°º") if number else match[0]


def _aged(match: _Match) -> str:
    words = cardinal(int(match[1])).replace("é", "e")
    return (words if words.endswith(("tre", "sei")) else words[:-1]) + match[2]


def _measure(match: _Match) -> str:
    singular, plural = _MEASURES[match[2]]
    return f"{match[1]} {singular if match[1] == '1' else plural}"


def _fraction(match: _Match) -> str:
    part, whole = int(match[1]), int(match[2])
    if not 1 <= part < whole <= 10:
        return f"{cardinal(part)} su {cardinal(whole)}"
    name = "mezzo" if whole == 2 else ordinal(whole)
    return f"un {name}" if part == 1 else f"{cardinal(part)} {name[:-1]}i"


def _range(match: _Match) -> str:
    """A range: "18-20" -> "da diciotto a venti"; two years are said one after the other."""
    lead, first, last = match[1] or "", match[2], match[3]
    if re.fullmatch(r"(?:19|20)\d\d", first) and len(last) in (2, 4):
        return f"{lead}{_number(first)} {_number(last)}"
    return f"{lead or 'da '}{_number(first)} a {_number(last)}"


def _counted_once(match: _Match) -> str:
    lead, noun = match[1] or "", match[2]
    is_counted = not lead and noun.lower() not in _NO_NOUN
    return f"{_one(noun) if is_counted else f'{lead}uno '}{noun}"


_MEASURES = {
    "kg": ("chilogrammo", "chilogrammi"),
    "hg": ("ettogrammo", "ettogrammi"),
    "g": ("grammo", "grammi"),
    "km/h": ("chilometro orario", "chilometri orari"),
    "km": ("chilometro", "chilometri"),
    "m²": ("metro quadrato", "metri quadrati"),
    "mq": ("metro quadrato", "metri quadrati"),
    "m": ("metro", "metri"),
    "cm": ("centimetro", "centimetri"),
    "mm": ("millimetro", "millimetri"),
    "l": ("litro", "litri"),
    "ml": ("millilitro", "millilitri"),
    "h": ("ora", "ore"),
    "min": ("minuto", "minuti"),
    "sec": ("secondo", "secondi"),
    "s": ("secondo", "secondi"),
    "KB": ("chilobyte", "chilobyte"),
    "MB": ("megabyte", "megabyte"),
    "GB": ("gigabyte", "gigabyte"),
    "°C": ("grado", "gradi"),
}
_MEASURE = "|".join(re.escape(unit) for unit in sorted(_MEASURES, key=len, reverse=True))

# --- the rules ----------------------------------------------------------------------------------

_ALONE = r"(?<![\w/.,+])"
_END = r"(?![.,/]?\d)"
_DIALLED = r"\d{3}[ .-]?\d{3}(?:[ .-]?\d{3})?\b"
_RULES: tuple[tuple[str, str | Callable[[_Match], str]], ...] = (
    (r"(?<![\w)/.-])[-−](?=\d)", "meno "),
    # dates
    (r"\b(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)\b", _date),
    (rf"{_ALONE}(?P<day>\d{{1,2}})([/.-])(?P<month>\d{{1,2}})\2(?P<year>\d{{4}}|\d\d)\b(?![/.-]?\d)", _date),
    (
        rf"{_ALONE}(0[1-9]|1[0-2])/((?:19|20)\d\d)\b",
        lambda match: f"{MONTHS[int(match[1]) - 1]} {_number(match[2])}",
    ),
    (rf"{_ALONE}(\d{{1,2}})/(0[1-9])\b{_END}", _day_and_month),
    (rf"\b(?:dal |dall')?(\d{{1,2}})[°º]? ?(?:[-–]|al ) ?(\d{{1,2}}) (?=(?:{_MONTH})\b)", _days),
    (rf"\b(?:(l|all|dall|dell|nell|sull)'(?=1))?\b1[°º]? (?=(?:{_MONTH})\b)", _first_of_month),
    # times
    (r"\bore (\d{1,2})(?:[:.](\d\d))? ?[-–] ?(\d{1,2})(?:[:.](\d\d))?\b", _hours),
    (rf"{_ALONE}(\d{{1,2}}):(\d\d)\b(?![:.,]?\d)", _time),
    (r"(?:(?<=\bore )|(?<=\balle )|(?<=\bdalle ))(\d{1,2})\.(\d\d)\b(?![.,]?\d)", _time),
    (r"(\bore |\ball'|\bdall')1\b(?! ?[%€]| per | euro)(?![.,:/-]?\d)", r"\1una"),
    # money
    (r"(?:(?<=€)|(?<=euro)|(?<=\d))/(?=mese\b|giorno\b)", " al "),
    (r"(?:(?<=€)|(?<=euro)|(?<=\d))/(?=anno\b)", " all'"),
    (
        rf"(?:€|EUR) ?({_NUMBER}) ?[-–] ?({_NUMBER})\b",
        lambda match: f"da {_number(match[1])} a {_number(match[2])} euro",
    ),
    (rf"(\b(?:da|tra|fra) )?(?<![\d.,])({_NUMBER}) ?[-–] ?({_NUMBER})(?= ?(?:euro\b|€))", _range),
    (rf"(?<![\d.,])(?P<whole>{_NUMBER})(?:,(?P<cents>\d\d?))? ?(?:euro\b|EUR\b|€)", _euro),
    (rf"(?:€|\bEUR|\beuro(?= \d+,\d\d\b)) ?(?P<whole>{_NUMBER})(?:,(?P<cents>\d\d?))?\b{_END}", _euro),
    # numbers that name something: laws, chapters, centuries
    (r"\b[nN](?:\.|um\.|\.?[°º]) ?(?=\d)", "numero "),
    (r"\bnn\. ?(?=\d)", "numeri "),
    (r"\bL\. ?(?=\d)", "legge "),
    (r"\bsec\. ?(?=[IVX]+\b)", "secolo "),
    (rf"{_ALONE}(\d{{1,5}})/((?:19|20)\d\d)\b(?!/)", _with_year),
    (rf"{_ALONE}((?:19|20)\d\d)/(\d\d)\b(?!/)", _with_year),
    (rf"{_ALONE}((?:19|20)\d\d)/(\d{{3,4}})\b(?!/)", r"\1 barra \2"),  # rules of the Union
    (r"(?<=[Ll]egge )(\d{1,4})/(\d\d)\b", _with_year),
    (
        r"(?:\b(?P<before>[^\W\d_]+) )?(?<![\w.'])(?P<numeral>[IVX]{2,}|(?<=secolo )[IVX])(?![\w'])"
        r"(?= ?(?P<after>[^\W\d_]+)?)",
        _roman,
    ),
    # telephone numbers
    (r"(?<!\w)\+\d{1,3}[ -]?\d{2,}(?:[ ./-]?\d{2,})*", _telephone),
    (rf"{_ALONE}0\d{{1,4}}(?:[ ./-]\d{{2,}})+{_END}|{_ALONE}0\d+{_END}", _telephone),
    (rf"{_ALONE}3\d\d[ ./-]?\d{{6,7}}\b|{_ALONE}3\d\d[ ./-]\d{{3}}[ ./-]\d{{3,4}}\b", _telephone),
    (rf"(?:(?<=numero verde )|(?<=telefono )|(?<=[Cc]hiama il )|(?<=[Cc]hiama l')){_DIALLED}", _telephone),
    (rf"{_ALONE}(?:\d{{3}}(?: \d{{3}})+|(?!\d{{1,3}}(?:000){{2,}}(?!\d))\d{{7,}}){_END}", _telephone),
    # ordinals, ages, decades
    (r"\b(\d{1,4}) ?([°º])(?! ?C\b)", _ordinal),
    (r"\b(\d{1,4}) ?([ª^])", _ordinal),
    (r"\b(\d{1,2})(a)(?= [a-zàèéìòù]+[ae]\b)", _ordinal),
    (r"\b(\d{1,3})(enn[ei])\b", _aged),
    (r"\b(\d{1,3})mila\b", lambda match: cardinal(int(match[1]) * 1000)),
    (r"(?<!\w)'(?=\d\d\b)", ""),
    # measures, fractions, ranges, decimals
    (rf"(\d+(?:[.,]\d+)?) ?({_MEASURE})\b(?!')\.?(?=[^\w']|$)", _measure),
    (r"(\d)½", r"\1 e mezzo"),
    (r"½", "mezzo"),
    (rf"{_ALONE}(\d{{1,3}})/(\d{{1,3}}){_END}", _fraction),
    (rf"(\b(?:da|dai|dal|tra|fra) )?(?<![\d.,])({_NUMBER}) ?[-–] ?({_NUMBER})(?![.,]?\d)", _range),
    (rf"\b({_NUMBER}),(\d+)\b", lambda match: f"{_number(match[1])} virgola {_decimals(match[2])}"),
    (r"\b(\d+)\.(\d{1,2})\b(?!\.?\d)", lambda match: f"{_number(match[1])} punto {_decimals(match[2])}"),
    # what is counted once, and all that is left
    (rf"(\b(?:{_NAMED_BY_NUMBER}) )?(?<![\w.,])1 ([^\W\d_]+(?:-[^\W\d_]+)*)", _counted_once),
    (r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)", " "),  # 3D
    (_NUMBER, lambda match: _number(match[0])),
)
_COMPILED = tuple((re.compile(pattern), said) for pattern, said in _RULES)

_ADDRESS = re.compile(r"(?:https?://)?(?:\b[\w.+-]+@)?(?<![\w-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?![\w@])(?:/[\w./-]*\w)?/?")
_ADDRESS_SIGNS = {".": " punto ", "/": " barra ", "@": " chiocciola ", "-": " trattino ", "_": " trattino basso "}
_SIGNS = {
    "%": " per cento",
    "‰": " per mille",
    "€": " euro",
    "&": " e ",
    "@": " chiocciola ",
    "+": " più ",
    "=": " uguale ",
    "§": "paragrafo ",
}


def in_words(text: str) -> str:
    """Italian text with its numbers, dates, times, amounts, ordinals, telephone numbers, addresses and signs in words.

    >>> in_words("il 50% di 1.250,50 €")
    'il cinquanta per cento di milleduecentocinquanta euro e cinquanta centesimi'
    >>> in_words("Scrivi a info@inps.it o chiama il n. 803 164.")
    'Scrivi a info chiocciola inps punto it o chiama il numero otto zero tre, uno sei quattro.'
    """
    text = _ADDRESS.sub(_address, text)
    if re.search(r"[\d½]|[IVX]{2}|secolo [IVX]\b", text):
        for pattern, said in _COMPILED:
            text = pattern.sub(said, text)
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    text = re.sub(r"(?<=\w)/(?=\w)", " o ", text)
    return re.sub(r" {2,}", " ", text)


def _address(match: _Match) -> str:
    """An address in words: "www.inps.it/auu" -> "vu vu vu punto inps punto it barra auu"."""
    address = match[0].split("://")[-1].rstrip("/")
    words = "".join(_ADDRESS_SIGNS.get(sign, sign) for sign in address)
    return re.sub(r"^www\b", "vu vu vu", words)
