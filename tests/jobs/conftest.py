from tests.jobs.kinds import marker  # noqa: F401
