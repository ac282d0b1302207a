from greeks_cli.report.pages.markup import Markup, document, joined, tag

EVIL = "</style><script>'\"&"


def test_text_is_escaped_and_markup_is_not():
    assert tag("p", EVIL, tag("b", "bold")) == "<p>&lt;/style&gt;&lt;script&gt;&#x27;&quot;&amp;<b>bold</b></p>"
    assert joined("<", Markup("<br>"), None, by=" ") == "&lt; <br>"


def test_attributes_are_escaped_left_out_or_bare():
    assert tag("a", "x", href=EVIL, class_="c", data_value=1.5) == (
        '<a href="&lt;/style&gt;&lt;script&gt;&#x27;&quot;&amp;" class="c" data-value="1.5">x</a>'
    )
    assert tag("input", hidden=True, disabled=False, title=None) == "<input hidden></input>"
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_a_document_is_the_same_every_time_and_escapes_its_title():
    assert document(EVIL, tag("p", "x")) == document(EVIL, tag("p", "x"))
    assert f"<title>{EVIL}" not in document(EVIL)


def test_style_and_script_cannot_end_their_elements():
    page = document("x")
    assert page.count("</style") == page.count("</script") == 1
