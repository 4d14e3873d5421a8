"""One filter language: parse -> tree -> query. Index, bulk actions, export and saved views use it."""
