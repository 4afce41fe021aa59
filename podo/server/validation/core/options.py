"""What validation of a Pod or Pod template tolerates because the stored object had it already."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PodOptions:
    """All off for a new object; `podo.server.validation.core.ratchet` derives them for an update."""

    is_pod: bool = False
    """The spec is a Pod's, not a template's."""
    allow_bad_selector_values: bool = False
    allow_bad_spread_selector: bool = False
    allow_bad_node_affinity_values: bool = False
    allow_bad_deletion_cost: bool = False
    allow_indivisible_huge_pages: bool = False
    allow_non_local_token_path: bool = False
    allow_namespaced_sysctls_on_host: bool = False
    allow_restart_on_init_resize: bool = False
    allow_recursive_selinux_only: bool = True
    allow_bad_match_label_keys: bool = False


TEMPLATE = PodOptions()
POD = PodOptions(is_pod=True)
