"""What all versions have alike is looked at once, as a part of the whole definition, which is how messages name it."""

from podo.server.validation.fields import Object

SHARED = {
    "schema": "validation",
    "subresources": "subresources",
    "additionalPrinterColumns": "additionalPrinterColumns",
    "selectableFields": "selectableFields",
}


def hoisted(spec: Object) -> Object:
    """A copy of the spec, where what is the same in every version stands at the top alone."""
    versions = [dict(version) for version in spec.get("versions") or ()]
    result = {**spec, "versions": versions}
    for key, top in SHARED.items():
        value = versions[0].get(key) if versions else None
        if value and all(version.get(key) == value for version in versions):
            result[top] = value
            for version in versions:
                del version[key]
    return result
