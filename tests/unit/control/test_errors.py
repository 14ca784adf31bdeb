"""What control says when it refuses."""

from gateway.control import errors


def test_every_error_is_a_refusal_or_a_failure_and_none_is_both() -> None:
    kinds = {getattr(errors, name) for name in errors.__all__} - {errors.ControlError}
    refusals = {kind for kind in kinds if issubclass(kind, errors.DomainError)}
    assert kinds - refusals == {errors.AdapterError}
    assert issubclass(errors.AdapterError, errors.ControlError)
