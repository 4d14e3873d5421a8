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
    ("ellie.marsh@fernmoor.example", "Ellie Marsh", Role.EDITOR, True, True),
)


def create_demo_users(
    *, unit_ids: Iterable[int] = (), password: str | None = PASSWORD
) -> list[User]:
    """Create or refresh users of every role; those who do not see all units see these ones.

    Without a ``password`` nobody can sign in as them until one is set.
    """
    hashed, ids = make_password(password), list(unit_ids)
    users = []
    for email, name, role, may_resubscribe, all_units in PEOPLE:
        user, _ = User.objects.update_or_create(
            email=email,
            defaults={
                "name": name,
                "role": role,
                "may_resubscribe": may_resubscribe,
                "all_units": all_units,
                "password": hashed,
            },
        )
        user.units.set([] if all_units else ids)
        users.append(user)
    return users
