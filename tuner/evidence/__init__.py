"""What one trained model does right and wrong, image by image: ``tuner evidence STUDY TRIAL``.

The trial's own program predicts a split with the weights of its best epoch, and leaves predictions.jsonl
(``predictions``); everything else is counted from that: what was matched with what (``matching``), tables and curves
(``scores``), the errors that the model is surest of (``mistakes``), what they mean in words (``said``), and the page.
"""
