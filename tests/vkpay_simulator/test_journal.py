from vkpay_simulator.journal import BODY_BYTES, Journal, Line, kept, shown


def line(operation: str = "toy.create", body: bytes = b"") -> Line:
    return Line(
        kind="request",
        provider="toy",
        operation=operation,
        subject="no-1",
        at_ms=1,
        real_ms=1,
        duration_ms=1,
        method="POST",
        target="/",
        request_headers={},
        request_body=kept(body),
        status=200,
    )


def test_the_oldest_entries_fall_off_and_numbers_go_on() -> None:
    journal = Journal(limit=2)
    for _ in range(3):
        journal.write(line())
    assert [one.number for one in journal.find()] == [2, 3]


def test_the_newest_that_match_are_found() -> None:
    journal = Journal()
    for operation in ("toy.create", "toy.query", "toy.create", "toy.create"):
        journal.write(line(operation))
    assert [one.number for one in journal.find(operation="toy.create", limit=2)] == [3, 4]


def test_a_long_body_is_cut_and_a_strange_one_is_still_text() -> None:
    assert shown(b"x" * (BODY_BYTES + 1)).endswith("x… (16385 bytes)")
    assert shown(b"\xff\xfe") == "\ufffd\ufffd"


def test_a_file_is_no_text() -> None:
    assert shown(b"\x1f\x8b\x08\x00") == "(4 bytes that are no text)"


def test_what_is_read_shows_no_secret() -> None:
    journal = Journal()
    journal.write(line(body=b'{"auth_code":"281234567890123456","subject":"Tea"}'))
    (read,) = journal.find()
    assert "281234567890123456" not in read.request_body
    assert '"subject":"Tea"' in read.request_body
