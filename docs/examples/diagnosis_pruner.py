"""Use the diagnosis in a loop of your own: an ordinary Optuna objective that trains a small network on the digits.

    python docs/examples/diagnosis_pruner.py

The only lines that are not plain Optuna are the pruner and the one call of ``report`` per epoch.
"""

import optuna
import torch
from sklearn.datasets import load_digits
from torch import nn

from tuner import DiagnosisPruner

torch.set_num_threads(1)
EPOCHS = 30
pruner = DiagnosisPruner(objective="accuracy", planned_epochs=EPOCHS)

digits = load_digits()
inputs = torch.tensor(digits.data, dtype=torch.float32) / 16
labels = torch.tensor(digits.target)
train, val = slice(0, 600), slice(600, 1300)


def objective(trial: optuna.Trial) -> float:
    torch.manual_seed(0)
    width = trial.suggest_int("width", 8, 256, log=True)
    lr = trial.suggest_float("lr", 1e-3, 1e3, log=True)
    model = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    best = 0.0
    for epoch in range(1, EPOCHS + 1):
        losses = []
        for batch in torch.randperm(600).split(64):
            loss = nn.functional.cross_entropy(model(inputs[train][batch]), labels[train][batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            output = model(inputs[val])
        accuracy = (output.argmax(1) == labels[val]).float().mean().item()
        val_loss = nn.functional.cross_entropy(output, labels[val]).item()
        best = max(best, accuracy)

        pruner.report(trial, epoch, train_loss=sum(losses) / len(losses), val_loss=val_loss, accuracy=accuracy)
        if trial.should_prune():
            raise optuna.TrialPruned
    return best


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", pruner=pruner, sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=20)
    for ended in study.trials:
        why = ended.user_attrs.get("ending", {}).get("text", f"all {EPOCHS} epochs")
        print(
            f"trial {ended.number:2d}  lr {ended.params['lr']:8.3g}  epochs {len(ended.intermediate_values):2d}  {why}"
        )
    print(f"best accuracy {study.best_value:.4f} with {study.best_params}")
