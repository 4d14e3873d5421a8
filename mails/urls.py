from django.urls import path

from mails.views.feedback import provider_feedback
from mails.views.outbox import outbox, outbox_mail, outbox_mail_html, outbox_mail_retry

urlpatterns = [
    path("mails/feedback/", provider_feedback, name="provider_feedback"),
    path("outbox/", outbox, name="outbox"),
    path("outbox/<int:mail_id>/", outbox_mail, name="outbox_mail"),
    path("outbox/<int:mail_id>/html/", outbox_mail_html, name="outbox_mail_html"),
    path("outbox/<int:mail_id>/retry/", outbox_mail_retry, name="outbox_mail_retry"),
]
