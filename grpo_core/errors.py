"""Errors of other libraries, told in one line."""

LONGEST = 200


def one_line(error: BaseException) -> str:
    """An error's message on one line of bounded length, or its kind where it says nothing."""
    text = " ".join(str(error).split())
    return (text[:LONGEST] + "...") if len(text) > LONGEST else text or type(error).__name__
