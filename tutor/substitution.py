"""When another phone counts as said in place of the expected one."""

from __future__ import annotations

from tutor.result import Heard, PhoneResult


def substitution(phone: PhoneResult) -> Heard | None:
    """The phone said instead, where it is likelier than the expected one and all unnamed ones together.

    A weak phone always names others; often the expected one is likeliest all the same.
    """
    if not phone.heard:
        return None
    rest = 1.0 - sum(heard.p for heard in phone.heard)
    return phone.heard[0] if phone.heard[0].p > rest else None
