//! Nothing: Cargo wants a library beside the tests, which are in `tests/it`.
