"""Five rows of every folder of real rows (all, where it has fewer), as a person read them in the raw file.

A row: how its query begins, how many steps the agent takes, the tools it calls in order, how it ends (or the reason why
it cannot be used), and what is wrong with it in the eyes of the lints.
"""

from __future__ import annotations

from typing import NamedTuple


class Read(NamedTuple):
    file: str
    row: int
    """Counted from 0, after pieces."""
    query: str
    steps: int
    calls: tuple[str, ...]
    ending: str
    """`answer`, `gave_up`, `open`, or the reason for which the row leaves."""
    wrong: frozenset[str] = frozenset()
    """Codes that must be among the row's lints."""


def _read(file: str, row: int, query: str, steps: int, calls: str, ending: str, wrong: str = "") -> Read:
    return Read(file, row, query, steps, tuple(calls.split()), ending, frozenset(wrong.split()))


def _lost(file: str, row: int, reason: str) -> Read:
    return Read(file, row, "", 0, (), reason)


_RAW, _STD, _INSTRUCT = (
    "adp_samples_raw/datasets__",
    "adp_samples_std/datasets__",
    "agentinstruct/datasets__agenttuning_",
)
_LV1 = "apibank/api-bank__lv1-lv2-samples__level-1-given-desc__"
_LV2 = "apibank/api-bank__lv1-lv2-samples__level-2-toolsearcher__"
_ALPACA = "fireact/data__finetune__alpaca_format__multitask_multimethod.json"
_GPT = "fireact/data__finetune__gpt_format__multitask_multimethod.jsonl"
_GPT35 = "fireact_trajs/hotpotqa_dev_0_500_ft_gpt-3.5-turbo-0613_princeton-nlp__7woQRsdi_0.0_2023-09-21-16-19-51.json"
_LLAMA = "fireact_trajs/hotpotqa_dev_0_500_llama_models_lora_llama-2-7b-d_1000_0.7_2023-09-19-00-49-36.json"
_TREE, _WOFILTER = "toolbench_answers/data_example__answer__", "_ChatGPT_DFS_woFilter_w2.json"
_STABLE = "stabletoolbench_answers/data_example__answer__virtual_chatgpt_cot__G1_instruction__"
_PLAYGROUND = "invariant_traces/playground-examples.json"
_CLIPS = "get_channel_clips_for_kick_com_api_kick_api get_channel_details_for_kick_com_api_kick_api"
_HEALTH = (
    "pharmacies_de_garde_nc.health_for_pharmacies_de_garde_nc pharmacies_de_garde_nc.all_for_pharmacies_de_garde_nc"
)
_TRACK = "carriers_detect_for_trackingmore_v2 packages_v2_track_for_trackingmore_v2 transitaires_for_transitaires"
_CHARITY = (
    "track_package_for_amex_australia_fastway_australia_tracking latest_for_suivi_colis "
    "retorna_dados_do_endere_o_atrav_s_do_cep_for_cep_brazil Finish"
)
_GRAPH = "get_relations get_neighbors get_relations get_neighbors intersection get_relations get_neighbors intersection"

BY_HAND: tuple[Read, ...] = (
    _read(
        f"{_RAW}code_feedback__sample_raw.json",
        0,
        "Write a Python script to calculate the coefficient",
        4,
        "",
        "answer",
    ),
    _read(f"{_RAW}codeactinstruct__sample_raw.json", 0, "Task:\nLet $a,$ $b,$ and $c$ be the roots", 4, "", "answer"),
    _read(f"{_RAW}llava_plus__sample_raw.json", 1, "Can you use the provided boxes as a guide", 4, "", "answer"),
    _read(
        f"{_RAW}orca_agentinstruct__sample_raw.json", 0, "In a study, 12 randomized controlled trials", 1, "", "answer"
    ),
    _read(
        f"{_RAW}toucan_1_5m__sample_raw.json",
        0,
        "I'm considering joining a Series B fintech startup",
        2,
        "exa-search-web_search_exa",
        "answer",
        "AF205 AF401",
    ),
    _read(f"{_STD}agenttuning_db__sample_std.json", 0, "Create a new record in the table 'Books'", 1, "", "answer"),
    _read(
        f"{_STD}agenttuning_os__sample_std.json", 1, "How many .txt files are there", 3, "bash bash", "answer", "AF301"
    ),
    _read(
        f"{_STD}agenttuning_webshop__sample_std.json",
        0,
        "WebShop [SEP] Instruction: [SEP] i want a on-ear headphone",
        4,
        "search click click",
        "answer",
    ),
    _read(f"{_STD}llava_plus__sample_std.json", 1, "Can you use the provided boxes", 4, "sam inpainting", "answer"),
    _lost(f"{_STD}llava_plus__sample_std.json", 0, "needs_pictures"),
    _read("agentflan_release_rows/rows.jsonl", 0, "You can input 'goal' with:", 1, "", "answer"),
    _read(
        "agentflan_release_rows/rows.jsonl",
        1,
        "I want to check the health status of the Pharmacies de garde NC",
        3,
        _HEALTH,
        "answer",
        "AF401 AF402 AF503 AF508",
    ),
    _read(f"{_INSTRUCT}db__sample_raw.json", 0, "Create a new record in the table 'Books'", 1, "", "answer"),
    _read(f"{_INSTRUCT}kg__sample_raw.json", 0, "what tablet computer products does apple inc.", 9, _GRAPH, "answer"),
    _read(f"{_INSTRUCT}mind2web__sample_raw.json", 1, "'''\n<html> <body> <header header>", 1, "TYPE", "answer"),
    _read(f"{_INSTRUCT}os__sample_raw.json", 1, "How many .txt files are there", 3, "bash bash", "answer"),
    _read(f"{_INSTRUCT}webshop__sample_raw.json", 0, "WebShop [SEP] Instruction:", 3, "search click click", "answer"),
    _read(f"{_LV1}Calculator-level-1-1.jsonl", 0, "Can you calculate (5+6)*3 for me?", 2, "Calculator", "answer"),
    _read(
        f"{_LV1}AddAlarm-level-1-1.jsonl",
        0,
        "Can you help me set an alarm for 8 am tomorrow?",
        5,
        "GetUserToken AddAlarm",
        "answer",
    ),
    _read(
        f"{_LV1}DeleteAccount-ModifyPassword-GetUserToken-level-2-5.jsonl",
        0,
        "Can you help me delete my account?",
        3,
        "GetUserToken DeleteAccount",
        "open",
        "AF108 AF204",
    ),
    _read(
        f"{_LV2}Calculator-level-3-1.jsonl",
        0,
        "Can you help me calculate 25*3+7/3?",
        3,
        "ToolSearcher Calculator",
        "answer",
        "AF109",
    ),
    _read(f"{_LV2}QueryReminder-level-3-3.jsonl", 0, "Can you help me set a reminder", 2, "", "answer", "AF205"),
    _read(_ALPACA, 0, "In which American football game was Malcolm Smith", 2, "search", "answer", "AF102"),
    _read(_ALPACA, 500, "Does the United States Department of Education", 2, "search", "answer"),
    _read(_ALPACA, 904, "Does the cuisine of Hawaii embrace foods", 8, "search " * 7, "answer", "AF212"),
    _read(_GPT, 0, "The group that owns the luxury watch company Longines", 3, "search search", "answer", "AF204"),
    _read(_GPT, 96, "Does the cuisine of Hawaii embrace foods", 8, "search " * 7, "answer", "AF205 AF209 AF212"),
    _read(_GPT35, 0, "Who created the show with Wendy Schaal", 1, "", "answer", "AF113"),
    _read(_GPT35, 1, "What objects were carried into battle", 1, "", "answer", "AF212"),
    _read(_GPT35, 2, "Are Hoodoo Gurus and Pierre Bouvier", 1, "", "answer"),
    _read(_LLAMA, 0, "Who created the show with Wendy Schaal", 2, "search", "answer"),
    _read(_LLAMA, 1, "Author David Chanoff has collaborated", 2, "search", "answer", "AF212"),
    _read(
        "invariant_traces/sample_data.jsonl", 0, "What's the weather like in Zurich", 2, "get_current_weather", "answer"
    ),
    _read(
        "invariant_traces/sample_data.jsonl",
        1,
        "For the first person who won 2 Nobel Prizes",
        4,
        "get_nobel_prize_winner_by_criteria get_birthplace_of_person get_year_of_nobel_prizes",
        "answer",
        "AF114",
    ),
    _read(
        "invariant_traces/sample_data.jsonl",
        2,
        "What is the mission of Invariant",
        3,
        "visit_website screenshot",
        "answer",
    ),
    _read(_PLAYGROUND, 1, "Reply to Peter's message", 2, "get_inbox send_email", "open", "AF108 AF114"),
    _read(_PLAYGROUND, 3, "Summarize the meeting_notes.txt", 3, "read find_contact send_email", "open", "AF304"),
    _read("llamafactory/alpaca_en_demo.json", 0, "Describe a process of making crepes.", 1, "", "answer"),
    _read("llamafactory/identity.json", 3, "What is your name?", 1, "", "answer", "AF302"),
    _read("llamafactory/glaive_toolcall_en_demo.json", 0, "Hi, I have some ingredients", 4, "search_recipes", "answer"),
    _lost("llamafactory/glaive_toolcall_zh_demo.json", 204, "observation_without_call"),
    _read("llamafactory/v1_sft_demo.jsonl", 0, "hello", 1, "", "answer", "AF302"),
    _read(
        "llamafactory/reason_tool_use_demo_50.jsonl",
        1,
        "Calculate the area of a circle",
        7,
        "circle_area " * 5,
        "answer",
    ),
    *(
        _read("sharegpt_vicuna/dummy_conversation.json", row, query, steps, "", "answer", "AF302")
        for row, query, steps in (
            (0, "What is up?", 3),
            (1, "Who are you?", 2),
            (2, "What is up?", 3),
            (100, "Are you GPT-3?", 1),
            (322, "Are you created by Meta?", 1),
        )
    ),
    _read(f"{_STABLE}608_CoT@1.json", 0, "I'm a fan of the streamer 'gmhikaru'", 3, _CLIPS, "answer", "AF109 AF205"),
    _lost(f"{_STABLE}588_CoT@1.json", 0, "no_path"),
    _read(
        "taubench/gpt-4o-airline.json", 1, "Hi there! I need to change my return", 5, "", "gave_up", "AF107 AF204 AF212"
    ),
    _read("taubench/gpt-4o-airline.json", 9, "I'm really upset because my flight HAT039", 6, "", "gave_up", "AF107"),
    _read(
        "taubench/gpt-4o-airline.json",
        26,
        "Hi there! I need some help with a flight",
        6,
        "get_reservation_details cancel_reservation",
        "gave_up",
        "AF109 AF114 AF212",
    ),
    _read(
        "taubench/gpt-4o-airline.json",
        27,
        "Hi! I'm hoping to cancel a flight and get a refund.",
        5,
        "get_reservation_details transfer_to_human_agents",
        "answer",
    ),
    _read(
        "taubench/gpt-4o-airline.json",
        28,
        "Hi, I need to change the passenger name",
        6,
        "get_reservation_details update_reservation_passengers",
        "answer",
    ),
    _lost("taubench/MockRetailDomainEnv-few_shot.jsonl", 0, "calls_not_shown"),
    _lost("toolalpaca/eval_simulated.json", 0, "no_runs"),
    _lost("toolbench_tooleval_cot/G1_instruction.json", 0, "messages_cut"),
    _lost("toolllama_rows/toolllama_train_2rows.jsonl", 0, "no_tool_list"),
    _read(
        "toolllama_rows/toolllama_train_2rows.jsonl",
        1,
        "I want to surprise my friends with a beer tasting party.",
        1,
        "search_for_open_brewery_db",
        "open",
        "AF106 AF108",
    ),
    _read(
        f"{_TREE}G1_answer__10{_WOFILTER}",
        0,
        "Can you retrieve the contact details of the 'Gondrand'",
        3,
        "transitaires_for_transitaires transitaire_for_transitaires",
        "answer",
        "AF109 AF401 AF402 AF403",
    ),
    _lost(f"{_TREE}G1_answer__69{_WOFILTER}", 0, "no_path"),
    _read(f"{_TREE}G2_answer__102{_WOFILTER}", 0, "I need to track a package", 4, _TRACK, "answer", "AF109 AF401"),
    _read(
        f"{_TREE}G2_answer__10{_WOFILTER}",
        0,
        "I'm organizing a charity event",
        4,
        _CHARITY,
        "gave_up",
        "AF107 AF404 AF705",
    ),
    _read(
        f"{_TREE}G2_answer__127{_WOFILTER}",
        0,
        "I'm organizing a charity auction",
        3,
        "api_tracking_for_pack_send api_tracking_for_pack_send Finish",
        "gave_up",
        "AF106 AF107 AF705",
    ),
    _read(
        f"{_TREE}G3_answer__21{_WOFILTER}",
        0,
        "I'm organizing a gaming tournament",
        4,
        "raiderio_call_for_raider_io dota_2_steam_web getsponsorships_for_diablo4_smartable",
        "answer",
        "AF101 AF404",
    ),
)
