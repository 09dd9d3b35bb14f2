"""The gallery of symptoms, from what ``tuner explain`` prints, in each language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuner import columns, explain, manual
from tuner.explain import Part
from tuner.manual import word
from tuner.registry import REMEDIES, SYMPTOMS

PICTURES = "symptoms"

TITLES = {"en": "Symptoms, columns and remedies", "zh": "训练曲线的症状、日志里的列和对策"}
INTRODUCTIONS = {
    "en": """\
What a training curve can show, what usually causes it and what to do about it. `tuner explain NAME` prints the same
on the terminal, and `tuner diagnose LOG` says which of these a run of yours shows. [中文](symptoms.zh.md)

*What tuner does* is the default [treatment table](../tuner/treatment.yaml) of a search. A symptom with a severity
of at least 0.5 harms what the run is judged by. In the pictures the dashed line is the epoch since which the
symptom is seen;
most are recorded trainings of small networks.""",
    "zh": """\
训练曲线能看出哪些问题、通常是什么原因、该怎么办。在终端里用 `tuner explain 名称 --lang zh` 可以看到同样的内容；
`tuner diagnose 日志 --lang zh` 会告诉你自己的训练属于哪一种。[English](symptoms.md)

“tuner 的处理”指搜索时默认的[处理表](../tuner/treatment.yaml)。严重度不低于 0.5 表示已经损害了目标指标。
图中虚线是从哪个 epoch 起出现该症状；多数图是小网络的真实训练记录。""",
}


def page(language: str) -> str:
    """Return the whole page in ``language``."""
    sick = [name for name in SYMPTOMS if not SYMPTOMS[name].HEALTHY]
    healthy = [name for name in SYMPTOMS if name not in sick]
    blocks = [f"# {TITLES[language]}", INTRODUCTIONS[language]]
    for names, heading in ((sick, "sick curves"), (healthy, "healthy curves")):
        blocks += [f"**{_heading(heading, language)}**", "\n".join(_contents(names, language))]
    for names, heading in ((sick, "sick curves"), (healthy, "healthy curves")):
        blocks.append(f"## {_heading(heading, language)}")
        for name in names:
            blocks += _symptom(name, language)
    blocks += [f"## {_heading('columns of logs', language)}", *(_column(name, language) for name in columns.names())]
    blocks += [f"## {_heading('remedies', language)}", "\n".join(_remedy(name, language) for name in REMEDIES)]
    return "\n\n".join(blocks) + "\n"


def _heading(text: str, language: str) -> str:
    said = word(text, language)
    return said[:1].upper() + said[1:]


def _contents(names: Iterable[str], language: str) -> Iterator[str]:
    for name in names:
        yield f"- [{explain.titled(name, language)}](#{name}): {manual.of(name, language).summary}"


def _symptom(name: str, language: str) -> Iterator[str]:
    yield f'<a id="{name}"></a>\n\n### {explain.titled(name, language)}'
    yield manual.of(name, language).summary
    yield f"![{name}]({PICTURES}/{name}.svg)"
    yield from (_part(part, language) for part in explain.symptom_parts(name, language))


def _part(part: Part, language: str) -> str:
    heading = f"**{_heading(part.heading, language)}**"
    if len(part.items) > 1:
        return "\n".join([f"{heading}\n", *(f"- {item}" for item in part.items)])
    return f"{heading}{': ' if language == 'en' else '：'}{part.items[0]}"


def _column(name: str, language: str) -> str:
    meaning, *others = explain.column_parts(name, language)
    return "\n".join([f"### `{name}`\n", f"{meaning.items[0]}\n", *(f"- {_part(other, language)}" for other in others)])


def _remedy(name: str, language: str) -> str:
    parts = {part.heading: part.items[0] for part in explain.remedy_parts(name, language)}
    against = word("tried against", language)
    called = f"`{name}`" if language == "en" else f"{manual.remedy(name, language)} `{name}`"
    told = [parts["does"]] if "does" in parts else []
    told += [_part(Part(against, (parts[against],)), language)] if against in parts else []
    return f"- {called}" + (": " if language == "en" and told else " " if told else "") + " ".join(told)
