"""Methods of search side by side on recorded trainings."""
