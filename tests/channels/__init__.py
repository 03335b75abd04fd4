import pytest

# The suite's assertions explain themselves like those of a test file.
pytest.register_assert_rewrite("tests.channels.conformance")
