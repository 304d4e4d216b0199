"""Reads camt.053 and camt.054 messages with classes that pyiso20022 has made from the public schemas.

For every file named, in turn, it prints one JSON object per line: the statements' ids, then every transaction of every
booked entry, or the entry where it has none. A file that breaks the schema's rules of content ends it with an error.
Order of elements is not checked: the parser does not mind it.
"""

import dataclasses
import importlib
import json
import re
import sys
from decimal import Decimal

from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

STRICT = ParserConfig(
    fail_on_unknown_properties=True,
    fail_on_unknown_attributes=True,
    fail_on_converter_warnings=True,
)


def check(value, path):
    """Holds a value and all below it against the restrictions of the schema."""
    for field in dataclasses.fields(value):
        rule = field.metadata
        found = getattr(value, field.name)
        where = path + "/" + (rule.get("name") or field.name)
        many = found if isinstance(found, (list, tuple)) else [found]
        many = [one for one in many if one is not None]
        if rule.get("required") and not many or len(many) < rule.get("min_occurs", 0):
            raise ValueError(where + " is missing")
        if "max_occurs" in rule and len(many) > rule["max_occurs"]:
            raise ValueError(where + " is there too often")
        for one in many:
            if dataclasses.is_dataclass(one):
                check(one, where)
            else:
                restrict(one, rule, where)


def restrict(value, rule, where):
    text = str(value)
    if len(text) < rule.get("min_length", 0) or len(text) > rule.get("max_length", len(text)):
        raise ValueError(where + " has a wrong length")
    if "pattern" in rule and not re.fullmatch(rule["pattern"], text):
        raise ValueError(where + " does not fit its pattern")
    if isinstance(value, Decimal):
        digits, exponent = len(value.as_tuple().digits), -value.as_tuple().exponent
        if digits > rule.get("total_digits", digits) or exponent > rule.get("fraction_digits", exponent):
            raise ValueError(where + " has too many digits")
        if value < Decimal(rule.get("min_inclusive", value)):
            raise ValueError(where + " is too small")


def text(value):
    """The text of a date, a code or a choice of them."""
    if value is None:
        return ""
    for name in ("dt", "cd"):
        if hasattr(value, name):
            return text(getattr(value, name))
    return str(getattr(value, "value", value))


def read(path):
    data = open(path, "rb").read()
    message, version = re.search(rb"(camt\.05[34])\.001\.(\d\d)", data).groups()
    name = (message.decode() + ".001." + version.decode()).replace(".", "_")
    module = importlib.import_module("pyiso20022.camt." + name)
    document = XmlParser(config=STRICT).from_bytes(data, module.Document)
    check(document, "Document")
    if message == b"camt.053":
        statements = document.bk_to_cstmr_stmt.stmt
    else:
        statements = document.bk_to_cstmr_dbt_cdt_ntfctn.ntfctn
    show({"Statements": [s.id for s in statements]})
    for statement in statements:
        for entry in statement.ntry:
            status = text(entry.sts)
            if status not in ("BOOK", "PDNG"):
                raise ValueError("status is " + repr(status))
            if status == "BOOK":
                transactions(entry)


def transactions(entry):
    details = [tx for d in entry.ntry_dtls for tx in d.tx_dtls]
    for tx in details or [None]:
        amount, direction = entry.amt, entry.cdt_dbt_ind
        if len(details) > 1:
            amount = getattr(tx, "amt", None) or tx.amt_dtls.tx_amt.amt
            direction = getattr(tx, "cdt_dbt_ind", None) or direction
        notes = tx.rmt_inf.ustrd if tx is not None and tx.rmt_inf is not None else []
        code = entry.bk_tx_cd.domn
        show({
            "Amount": str(amount.value),
            "Currency": amount.ccy,
            "Direction": text(direction),
            "Booked": text(entry.bookg_dt),
            "Value": text(entry.val_dt),
            "Reference": tx.refs.end_to_end_id if tx is not None and tx.refs is not None else entry.acct_svcr_ref,
            "Note": " ".join(notes),
            "Code": "-".join([code.cd, code.fmly.cd, code.fmly.sub_fmly_cd]),
            "Fee": str(sum((c.amt.value for c in charges(tx)), Decimal(0))),
        })


def charges(tx):
    """The charges of a transaction: records since version 3, a list before."""
    found = getattr(tx, "chrgs", None)
    if found is None:
        return []
    found = found if isinstance(found, (list, tuple)) else [found]
    return [one for c in found for one in getattr(c, "rcrd", [c])]


def show(found):
    print(json.dumps(found))


for name in sys.argv[1:]:
    read(name)
