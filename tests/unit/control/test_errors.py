"""What control says when it refuses."""

from gateway.control import errors


def test_the_tree_drawn_in_the_module_is_the_tree_there_is() -> None:
    drawn = {word for word in (errors.__doc__ or "").split() if word.endswith("Error")}
    defined = {name for name in vars(errors) if name.endswith("Error")}
    assert drawn == defined


def test_a_refusal_is_told_from_a_failure() -> None:
    assert not issubclass(errors.AdapterError, errors.DomainError)
    assert issubclass(errors.AdapterError, errors.ControlError)
