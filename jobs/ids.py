"""A list of ids as short text: ``5,7-9``. Whoever selected everything stores a range. Pure."""

from collections.abc import Iterable, Iterator


def ids_to_text(ids: Iterable[int]) -> str:
    """Return ascending ids as ranges. Raises ValueError when they do not ascend."""
    parts: list[str] = []
    first = last = -1
    for one in ids:
        if one == last + 1 and last >= 0:
            last = one
            continue
        if one <= last or one < 0:
            raise ValueError("ids ascend")
        if last >= 0:
            parts.append(_range(first, last))
        first = last = one
    if last >= 0:
        parts.append(_range(first, last))
    return ",".join(parts)


def ids_of_text(text: str) -> list[int]:
    """Return the ids that ``ids_to_text`` wrote."""
    found: list[int] = []
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        if last:
            found.extend(range(int(first), int(last) + 1))
        else:
            found.append(int(first))
    return found


def in_chunks(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    """Part ids into lists of ``size``, one at a time; an id that follows itself is left out."""
    chunk: list[int] = []
    last = None
    for one in ids:
        if one == last:
            continue
        last = one
        chunk.append(one)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
