"""The made-up members of staff of the demonstration."""

from collections.abc import Iterable

from django.contrib.auth.hashers import make_password

from accounts.models import Role, User

PASSWORD = "demo"  # noqa: S105

# Email, name, role, may resubscribe, sees all units.
PEOPLE = (
    ("ruth.adeyemi@fernmoor.example", "Ruth Adeyemi", Role.ADMINISTRATOR, True, True),
    ("tom.birch@fernmoor.example", "Tom Birch", Role.EDITOR, False, False),
    ("sanjay.mehta@fernmoor.example", "Sanjay Mehta", Role.COMPLIANCE, False, True),
    ("lena.vogt@fernmoor.example", "Lena Vogt", Role.VIEWER, False, False),
)


def create_demo_users(*, unit_ids: Iterable[int]) -> list[User]:
    """Create or refresh one user per role; those who do not see all units see these ones."""
    password, ids = make_password(PASSWORD), list(unit_ids)
    users = []
    for email, name, role, may_resubscribe, all_units in PEOPLE:
        user, _ = User.objects.update_or_create(
            email=email,
            defaults={
                "name": name,
                "role": role,
                "may_resubscribe": may_resubscribe,
                "all_units": all_units,
                "password": password,
            },
        )
        user.units.set([] if all_units else ids)
        users.append(user)
    return users
