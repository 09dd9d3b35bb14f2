"""Where a trial of Ultralytics keeps what it writes, inside its folder; importing this loads nothing."""

RUN_FOLDER = "run"
LOG_FILE = f"{RUN_FOLDER}/results.csv"
LAST_FILE = f"{RUN_FOLDER}/weights/last.pt"
BEST_FILE = f"{RUN_FOLDER}/weights/best.pt"
ENVIRONMENT = {"YOLO_AUTOINSTALL": "False", "YOLO_OFFLINE": "True"}
"""Nothing is installed or downloaded behind anybody's back."""
LARGEST = "largest"
"""The batch that asks for as many images as the memory holds."""
