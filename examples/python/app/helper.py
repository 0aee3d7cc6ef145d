"""Works beside the server, in threads and in processes, which start fast without imports."""

from __future__ import annotations


def primes(below: int) -> int:
    """The sum of all primes below a number."""
    sieve = bytearray([1]) * max(below, 2)
    sieve[:2] = b"\0\0"
    for number in range(2, int(below**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, below, number)))
    return sum(number for number in range(below) if sieve[number])


def total(last: int) -> int:
    """The sum of all numbers up to the last."""
    return sum(range(1, last + 1))
