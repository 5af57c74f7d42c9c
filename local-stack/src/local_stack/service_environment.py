"""What each service sees of the environment: what its own settings name, and no more."""

from collections.abc import Mapping

from service_kit.settings import ServiceSettings


def service_environment(
    settings_class: type[ServiceSettings],
    *,
    inherited: Mapping[str, str],
    chosen: Mapping[str, str],
    given: Mapping[str, str],
) -> dict[str, str]:
    """The environment of the service that reads `settings_class`.

    `given` is what the stack decides and wins; of `chosen`, what the person who starts the stack
    set, it gets the settings that it declares. So a new setting of a service needs no line here,
    and a service sees neither other services' secrets nor those of the shell.
    """
    names = declared_variables(settings_class)
    passed = {name: value for name, value in chosen.items() if name in names}
    return {**inherited, **passed, **{k: v for k, v in given.items() if k in names}}


def declared_variables(settings_class: type[ServiceSettings]) -> frozenset[str]:
    """The variables that `settings_class` reads."""
    return frozenset(name.upper() for name in settings_class.model_fields)
