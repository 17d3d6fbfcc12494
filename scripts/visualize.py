"""An interactive page: try rules, model and pipeline on texts of your own."""

from pathlib import Path
from typing import Dict, List

import spacy
import streamlit as st
import typer
from spacy.language import Language
from spacy.tokens import Doc, Span
from wasabi import msg

from measuring.marks import Mark, draw
from reading.texts import read_texts
from shared.errors import InputError, clear_errors

EXAMPLE = "I sold my Galaxy S21 and kept the iPhone 14 Pro."
PAGE_SIZE = 10
# Streamlit's own text and background colours stay, the marks are readable on both
STYLE = """<style>
mark { background: #2563c933; color: inherit; border-radius: .3em; padding: .1em .3em; }
mark .label { font-size: .75em; font-weight: 600; margin-left: .4em; white-space: nowrap; }
.entities { line-height: 2 !important; white-space: pre-wrap; overflow-wrap: anywhere; }
.control { font-size: .75em; border: 1px solid; border-radius: .25em; padding: 0 .2em; }
</style>"""


def visualize_cli(
    # fmt: off
    rules: Path = typer.Option(..., help="The rules as a pipeline"),
    model: Path = typer.Option(..., help="The trained pipeline"),
    pipeline: Path = typer.Option(..., help="Rules and model assembled"),
    texts: Path = typer.Option(..., help="Texts to offer for paging"),
    # fmt: on
) -> None:
    """Show the page; started by `streamlit run`."""
    with clear_errors():
        show({"pipeline": pipeline, "rules": rules, "model": model}, texts)


def show(pipelines: Dict[str, Path], texts: Path) -> None:
    """Lay out the page.

    pipelines (Dict[str, Path]): The pipelines to choose from, by stage.
    texts (Path): The file that is offered for paging.
    """
    st.set_page_config(page_title="Try the pipeline")
    st.html(STYLE)
    st.title("Try the pipeline")
    stage = st.radio("Find entities with", list(pipelines), horizontal=True) or "pipeline"
    st.markdown(
        "After a label is the id of the rule that fired; where there is none, the model did."
    )
    nlp = load(pipelines[stage])
    typed, listed = st.tabs(["Type a text", "Page through a file"])
    with typed:
        text = st.text_area("Text", EXAMPLE, height=140)
        show_doc(nlp(text))
    with listed:
        page_through(nlp, texts)


@st.cache_resource(show_spinner="Loading the pipeline")
def load(pipeline: Path) -> Language:
    """RETURNS (Language): The pipeline, loaded once."""
    return spacy.load(pipeline)


@st.cache_data(show_spinner="Reading the texts")
def read(path: str) -> List[str]:
    """RETURNS (List[str]): The texts of a file or folder."""
    return [text for _, text in read_texts(Path(path))]


def page_through(nlp: Language, suggested: Path) -> None:
    """Let people open a file and turn its pages."""
    path = st.text_input("File or folder with texts", str(suggested))
    try:
        texts = read(path)
    except (InputError, OSError) as error:
        st.error(str(error))
        return
    if not texts:
        st.info("The file holds no texts.")
        return
    n_pages = -(-len(texts) // PAGE_SIZE)
    page = int(st.number_input(f"Page, 1 to {n_pages:,}", 1, n_pages))
    first = (page - 1) * PAGE_SIZE
    for number, doc in enumerate(nlp.pipe(texts[first : first + PAGE_SIZE]), first + 1):
        st.markdown(f"Text {number:,} of {len(texts):,}")
        show_doc(doc)
        st.divider()


def show_doc(doc: Doc) -> None:
    """Show a text with its entities, each with its label and the id of the rule that fired."""
    marks = [Mark(ent.start_char, ent.end_char, describe(ent)) for ent in doc.ents]
    st.html(draw(doc.text, marks, doc.vocab.writing_system["direction"]))
    if not marks:
        st.markdown("No entities.")


def describe(ent: Span) -> str:
    """RETURNS (str): The entity's label, and its rule's id if a rule found it."""
    return f"{ent.label_} · {ent.ent_id_}" if ent.ent_id_ else ent.label_


if __name__ == "__main__":
    # Streamlit keeps running a page, where typer.run would end the process
    try:
        typer.run(visualize_cli)
    except SystemExit as finished:
        if finished.code:
            msg.fail("The page can't be shown")
            st.error("The page can't be shown, see the terminal.")
