"""The folder of a tuned model: it loads, renders and tokenises as it was trained, and carries what belongs to it."""

# mypy: allow-untyped-calls

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from peft import LoraConfig, get_peft_model
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from agentflan.core.types import Conversation, Message, Problem, Segment
from agentflan.corpus.store.parquet import ConversationWriter
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import load_tokenizer, save_tokenizer
from agentflan.models.hf import Hf
from agentflan.templates.agent_flan import AgentFlan
from agentflan.templates.model import Model
from agentflan.train.saving import result
from agentflan.train.saving.card import model_card
from agentflan.train.settings import Lora, ModelSettings, Scratch, TrainSettings
from agentflan.train.starting import model
from tests.drawn import CONVERSATIONS, plain
from tests.templates.families import family as family_folder
from tests.train import bases
from tests.train.tokens_folder import END, write

TEMPLATE = AgentFlan()
SMALL = Scratch(hidden_size=16, layers=1, heads=2, intermediate_size=32)
FAMILIES: dict[str, Callable[[Path], Path]] = {
    "llama": bases.llama,
    "llama_normalizes": lambda folder: bases.llama(folder, normalizes=True),
    "qwen": bases.qwen,
}
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks
every_family = pytest.mark.parametrize("family", FAMILIES)


def talk(number: int) -> Conversation:
    asked = Message(role="user", segments=(Segment(text="tool re_mi needs <tool_call> count"),))
    reply = Message(role="assistant", segments=(Segment(text="Thought: i need ka_lo .", loss=True),))
    licence = "MIT" if number % 2 else ""
    return Conversation(id=f"c{number}", source="fireact", licence=licence, messages=(asked, reply))


class Tuned:
    """A base, the tokens made with its tokenizer, and the folder that tuning it leaves (here: after no step)."""

    def __init__(self, home: Path, make: Callable[[Path], Path], **said: Any) -> None:
        self.base, self.tokens, self.folder = make(home / "base"), home / "tokens", home / "model"
        with ConversationWriter(home / "corpus") as writer:
            writer.write([talk(number) for number in range(5)])
        tokenise(home / "corpus", self.tokens, load_tokenizer(self.base), TEMPLATE, seed=0, max_length=300)
        self.settings = TrainSettings(model=ModelSettings(path=self.base), **said)
        self.model = model.begin(self.settings.model, self.tokens / "tokenizer", 0)

    def save(self) -> Path:
        result.save(self.model, self.settings, self.tokens, self.folder)
        return self.folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tuned]:
    made = {name: Tuned(tmp_path_factory.mktemp(name), make) for name, make in FAMILIES.items()}
    for each in made.values():
        each.save()
    return made


@every_family
def test_it_loads_with_the_auto_classes_and_stops_on_all_its_marks(saved: dict[str, Tuned], family: str) -> None:
    folder = saved[family].folder
    loaded, names = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert names.eos_token == TEMPLATE.stop
    before = GenerationConfig.from_pretrained(saved[family].base).eos_token_id
    assert loaded.generation_config.eos_token_id == [names.eos_token_id, *before]
    said = loaded.generate(**names("tool", return_tensors="pt"), max_new_tokens=2)
    assert len(said[0]) > 1


@every_family
@settings(max_examples=25, deadline=None)
@given(conversation=CONVERSATIONS)
def test_its_template_renders_what_was_trained_on(
    saved: dict[str, Tuned], family: str, conversation: Conversation
) -> None:
    names = AutoTokenizer.from_pretrained(saved[family].folder)
    rendered = TEMPLATE.render(conversation).text
    assert names.apply_chat_template(plain(conversation.messages), tokenize=False) == (names.bos_token or "") + rendered


@every_family
def test_its_tokens_are_those_that_were_trained_on(saved: dict[str, Tuned], family: str) -> None:
    names = AutoTokenizer.from_pretrained(saved[family].folder)
    told = names.apply_chat_template(plain(talk(0).messages), return_dict=True, return_assistant_tokens_mask=True)
    first = Tokens.open(saved[family].tokens).sequence(0)
    assert told["input_ids"] == first.ids.tolist()
    assert [bool(flag) for flag in told["assistant_masks"]] == first.trained.tolist()


def test_the_template_is_a_file_of_its_own(saved: dict[str, Tuned]) -> None:
    for each in saved.values():
        assert (each.folder / "chat_template.jinja").read_text() == TEMPLATE.jinja
        assert "chat_template" not in json.loads((each.folder / "tokenizer_config.json").read_text())


def test_a_tokenizer_keeps_its_own_files_and_words(saved: dict[str, Tuned]) -> None:
    llama, qwen = saved["llama"], saved["qwen"]
    for each, names in ((llama, ["tokenizer.model"]), (qwen, ["vocab.json", "merges.txt"])):
        for name in names:
            assert (each.folder / name).read_bytes() == (each.base / name).read_bytes()
    said = json.loads((qwen.folder / "tokenizer_config.json").read_text())
    assert said["additional_special_tokens"] == ["<|im_start|>", "<|im_end|>"]
    assert {"<tool_call>", bases.END} <= {token["content"] for token in said["added_tokens_decoder"].values()}
    assert json.loads((llama.folder / "tokenizer_config.json").read_text())["add_bos_token"] is True


def test_the_class_of_the_base_is_kept_where_it_makes_the_same_tokenizer(saved: dict[str, Tuned]) -> None:
    named = {
        family: json.loads((each.folder / "tokenizer_config.json").read_text())["tokenizer_class"]
        for family, each in saved.items()
    }
    assert named == {
        "llama": "LlamaTokenizer",
        "llama_normalizes": "PreTrainedTokenizerFast",  # the class would build another, by rules of its own
        "qwen": "Qwen2Tokenizer",
    }


def numbers(folder: Path) -> set[torch.dtype]:
    with safe_open(folder / "model.safetensors", "pt") as file:
        return {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118


def test_weights_are_saved_as_those_of_the_base_were_unless_told(saved: dict[str, Tuned], tmp_path: Path) -> None:
    assert numbers(saved["llama"].folder) == {torch.bfloat16}
    assert AutoModelForCausalLM.from_pretrained(saved["llama"].folder, dtype="auto").dtype == torch.bfloat16
    told = Tuned(tmp_path, bases.llama, save_as="float16")
    assert numbers(told.save()) == {torch.float16}


def test_licence_and_notices_of_the_base_go_along(saved: dict[str, Tuned]) -> None:
    folder = saved["llama"].folder
    for name in ("LICENSE.txt", "Notice", "USE_POLICY.md"):
        assert (folder / name).read_bytes() == (saved["llama"].base / name).read_bytes()
    card = (folder / "README.md").read_text()
    assert card.startswith("---\nlicense: other\nlicense_name: tiny-community\nlicense_link: LICENSE.txt\n")
    assert "`LICENSE.txt`, `Notice`, `USE_POLICY.md`" in card


def test_the_card_says_where_the_template_takes_tools(saved: dict[str, Tuned], tmp_path: Path) -> None:
    base = family_folder("qwen")
    template = Model(path=base)
    save_tokenizer(load_tokenizer(base), tmp_path / "tokenizer", template)
    card = model_card(saved["qwen"].settings, tmp_path, [], adapters=False)
    assert "The chat template takes `tools`" in card


def test_the_card_says_data_licences_and_settings(saved: dict[str, Tuned]) -> None:
    card = (saved["qwen"].folder / "README.md").read_text()
    assert "| fireact | unstated | 3 |\n| fireact | MIT | 2 |" in card
    assert "learning_rate: 2e-05" in card
    assert str(saved["qwen"].base) not in card
    assert "the chat template takes no `tools` and fails where it is given some" in card


def test_what_is_tuned_again_carries_the_same_licence(saved: dict[str, Tuned], tmp_path: Path) -> None:
    first = saved["llama"].folder
    result.save(
        model.begin(ModelSettings(path=first), saved["llama"].tokens / "tokenizer", 0),
        TrainSettings(model=ModelSettings(path=first)),
        saved["llama"].tokens,
        tmp_path / "again",
    )
    assert (tmp_path / "again" / "LICENSE.txt").is_file()
    assert "license_name: tiny-community" in (tmp_path / "again" / "README.md").read_text()


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tuned]:
    """Adapters with something in them, saved as they are and merged."""
    made = {}
    for name, merge in (("adapters", False), ("merged", True)):
        made[name] = Tuned(tmp_path_factory.mktemp(name), bases.llama, lora=Lora(merge=merge), save_as="float32")
        torch.manual_seed(1)
        wanted = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
        made[name].model = get_peft_model(made[name].model, wanted)
        made[name].save()
    return made


def test_adapters_lie_beside_what_they_need(adapted: dict[str, Tuned]) -> None:
    one = adapted["adapters"]
    names = {path.name for path in one.folder.iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "chat_template.jinja"} <= names
    assert {"LICENSE.txt", "README.md", "generation_config.json"} <= names
    assert "model.safetensors" not in names
    recorded = json.loads((one.folder / "adapter_config.json").read_text())["base_model_name_or_path"]
    assert Path(recorded) == one.base.resolve()


def test_adapters_and_the_merged_model_say_the_same(adapted: dict[str, Tuned]) -> None:
    ids = torch.arange(12).unsqueeze(0)
    logits = [
        AutoModelForCausalLM.from_pretrained(each.folder, dtype=torch.float32)(input_ids=ids).logits
        for each in adapted.values()
    ]
    untuned = AutoModelForCausalLM.from_pretrained(adapted["merged"].base, dtype=torch.float32)(input_ids=ids).logits
    torch.testing.assert_close(*logits, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(logits[0], untuned, atol=1e-2)
    assert "adapter_config.json" not in {path.name for path in adapted["merged"].folder.iterdir()}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tokens") / "t", 4)


def scratch(words: Path, folder: Path) -> Path:
    settings = TrainSettings(model=ModelSettings(scratch=SMALL))
    result.save(model.begin(settings.model, words / "tokenizer", 3), settings, words, folder)
    return folder


def test_a_model_from_scratch_needs_no_base(words: Path, tmp_path: Path) -> None:
    folder = scratch(words, tmp_path / "model")
    loaded, names = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert loaded.generation_config.eos_token_id == END == names.eos_token_id
    assert loaded.generation_config.pad_token_id == names.pad_token_id
    assert numbers(folder) == {torch.float32}
    assert "Tuned from random weights" in (folder / "README.md").read_text()


def test_a_saved_model_is_where_the_next_one_begins(words: Path, tmp_path: Path) -> None:
    folder = scratch(words, tmp_path / "model")
    again = model.begin(ModelSettings(path=folder), words / "tokenizer", 0).state_dict()
    first = model.begin(ModelSettings(scratch=SMALL), words / "tokenizer", 3).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_saving_replaces_what_was_there(words: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").touch()
    scratch(words, folder)
    assert not (folder / "old").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_adapters_answer_as_a_model_folder_does(adapted: dict[str, Tuned]) -> None:
    problem = Problem(id="p", messages=talk(0).messages[:1])
    replies: list[str] = []
    for each in adapted.values():
        Hf(path=each.folder, max_new_tokens=5)([problem], lambda _, reply: replies.append(reply.text))
    assert replies[0] == replies[1] != ""
