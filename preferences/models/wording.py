"""The texts people saw when they decided, each version for ever."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Wording(models.Model):
    """What a page, a form or a mail said, in one language: a version that never changes.

    ``id`` is derived from ``digest`` (``seal.wording_id``), so that the ledger's own digests, which
    hold the id, bear witness to the text as well. ``kind`` names the page or mail; ``version`` counts
    the texts of one kind and language. The text holds no personal data: it is never erased. The
    database refuses UPDATE and DELETE; only ``preferences/shown_wording.py`` inserts.
    """

    id = models.BigIntegerField(primary_key=True)
    kind = models.CharField(_("kind"), max_length=40)
    language = models.CharField(_("language"), max_length=10)
    version = models.IntegerField(_("version"))
    text = models.TextField(_("text"))
    digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(_("first shown at"))

    class Meta:
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "language", "version"], name="wording_version_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.language} {self.version}"
