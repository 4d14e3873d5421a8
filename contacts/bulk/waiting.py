"""What a job would do now: for the second person who is asked to approve it.

Counted by the code that does it, as who started it, over whole chunks of the frozen selection.
"""

from datetime import datetime

from contacts.bulk.acting import look_at_action
from contacts.bulk.action_words import action_lines, words_of
from contacts.bulk.actions import InvalidAction, action_of
from contacts.bulk.changes import look_at_edit
from contacts.bulk.describing import preview_lines
from contacts.bulk.edit import BulkEdit
from contacts.bulk.preview import Look, Preview
from jobs.describing import Effect, EffectLine
from jobs.models import Job
from jobs.selectors import sample_items

SAMPLE_SIZE = 2_000


def effect_of_edit(job: Job, now: datetime) -> Effect:
    """Return what an edit of subscriptions would do."""
    edit = BulkEdit.from_json(job.parameters)
    found = counted(job, look_at_edit(edit, user=job.created_by, now=now))
    lines = preview_lines(edit, found.items, found.count)
    shown = [EffectLine(line.tone, line.count, line.words, line.why) for line in lines]
    return Effect(shown, found.seen, found.total)


def effect_of_action(job: Job, _now: datetime) -> Effect | None:
    """Return what another action would do; None when it has become impossible."""
    action = action_of(job.kind, job.parameters)
    try:
        found = counted(job, look_at_action(action, user=job.created_by))
    except InvalidAction:
        return None
    lines = action_lines(words_of(action), found.items, found.count)
    shown = [EffectLine(line.tone, line.count, line.words, line.why) for line in lines]
    return Effect(shown, found.seen, found.total)


def counted(job: Job, look: Look) -> Preview:
    """Return what became of the items of a job, or of a sample of them, when looked at."""
    ids = sample_items(job, SAMPLE_SIZE)
    is_sample = len(ids) < job.total
    return Preview(job.total, len(ids), is_sample=is_sample, items=dict(look(ids).items))
