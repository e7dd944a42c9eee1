"""The problems of `agent_h_plus` and how replies to them are graded.

scenes.toml, ordinary.toml --made--> Case --posed, in a form--> Problem --grading--> metric -> true or false
other people's files --adapters--> Case
"""
