# SPDX-License-Identifier: Apache-2.0
"""tools/compliance over made-up projects: each way to be wrong is found, and nothing else."""
import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.path.join(ROOT, "tools", "compliance")
RULES = ["page", "tags", "rows", "notes"]

ROWS = [
    ("10002-1.1-a", "MUST", "client", "message", "A first thing | with a bar."),
    ("10002-1.1-b", "MUST NOT", "server", "message", "A second thing."),
    ("10002-A-bc", "SYNTAX", "sender,receiver", "message", "A form."),
    ("10003-6.1-u1", "DEF", "client", "message", "A definition."),
    ("10004-5-a", "SHOULD", "RA", "ra", "What an RA does."),
    ("10004-5-b", "MUST", "CA,operator", "security", "What an operator does."),
    ("10004-5-c", "MAY", "client", "message", "A permission."),
]
NOTES = [
    ("10004-5-a", "ra", "", "RA work comes later"),
    ("10004-5-b", "operator", "man/d.8 FILES", "code does not know names"),
]
FILES = {
    "man/d.8": '.Sh NAME\n.Nm d\n.Sh FILES\n.\\" [10004-5-b]\nUse good names.\n.Sh BUGS\n',
    "src/a/one.c": """/* SPDX */
#include "a/one.h"

static int before(int a);

static const struct row TABLE[] = {
    {1}, /* [10002-A-bc] */
};

/* Does it. [10002-1.1-a,
 * 10003-6.1-u1] */
static enum rc
    first(struct x *x,
          int n)
{
    return 1;
}

int before(int a)
{
    if (a)
        return 2;
    return 3; /* [10002-1.1-b] */
}
""",
    "test/unit/test_one.c": """/* [10002-1.1-a, 10002-A-bc] */
static void test_first(void **state)
{
}

static void test_second(void **state)
{
    /* [10002-1.1-b] */
}
""",
    "test/functional/test_two.py": '''"""Two."""


# [10003-6.1-u1]
@decorated
def test_two(a):
    pass


def test_three():
    pass
''',
}


def lines(head, rows):
    return "\n".join("\t".join(row) for row in [head] + list(rows)) + "\n"


class Project:
    def __init__(self, root):
        self.root = root
        self.write("doc/requirements/rfc1000x.tsv",
                   lines(("id", "level", "actor", "area", "requirement"), ROWS))
        self.notes(NOTES)
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def read(self, name):
        with open(os.path.join(self.root, name)) as f:
            return f.read()

    def edit(self, name, old, new):
        text = self.read(name)
        assert old in text
        self.write(name, text.replace(old, new))

    def notes(self, rows):
        self.write("doc/requirements/notes.tsv", lines(("id", "kind", "where", "note"), rows))

    def run(self, *args):
        return subprocess.run([TOOL, "--root", self.root, *args], capture_output=True, text=True)

    def failing(self):
        """The rules that --check finds broken once the page is made anew, and what it said."""
        assert self.run().returncode == 0
        done = self.run("--check")
        verdicts = [line for line in done.stdout.splitlines() if not line.startswith("#")]
        assert verdicts[0] == "1..4" and len(verdicts) == 5
        broken = [rule for rule, line in zip(RULES, verdicts[1:]) if line.startswith("not ok")]
        assert done.returncode == (1 if broken else 0)
        return broken, done.stdout


@pytest.fixture
def project(tmp_path):
    return Project(str(tmp_path))


def test_a_whole_project_passes_and_is_counted(project):
    broken, said = project.failing()
    assert broken == []
    assert "# MUST           2              1     1        0" in said
    assert re.search(r"^# all +7 +4 +2 +1$", said, re.M)
    assert re.search(r"^# MUST of CA, server +2 +1 +1 +0$", said, re.M)


def test_the_page_names_functions_and_tables(project):
    project.run()
    page = project.read("doc/compliance.md")
    assert ("| 10002-1.1-a | MUST | client | A first thing \\| with a bar. | `src/a/one.c:first` "
            "| `test/unit/test_one.c:test_first` |") in page
    assert "| `src/a/one.c:before` | `test/unit/test_one.c:test_second` |" in page
    assert "| `src/a/one.c:TABLE` | `test/unit/test_one.c:test_first` |" in page
    assert "| `src/a/one.c:first` | `test/functional/test_two.py:test_two` |" in page
    assert "*the operator (man/d.8 FILES):* code does not know names" in page
    assert page.index("## RFC 10002 appendix A") < page.index("## RFC 10003 section 6.1")


def test_the_page_does_not_move_with_the_lines(project):
    project.run()
    before = project.read("doc/compliance.md")
    project.edit("src/a/one.c", "static int before(int a);", "static int before(int a);\n\n\n\n")
    assert project.run("--check").returncode == 0
    project.run()
    assert project.read("doc/compliance.md") == before


def test_a_page_out_of_date_or_missing(project):
    assert "not ok 1" in project.run("--check").stdout
    project.run()
    assert "\nok 1" in project.run("--check").stdout
    project.edit("doc/compliance.md", "A second thing", "A better thing")
    done = project.run("--check")
    assert "not ok 1" in done.stdout and done.returncode == 1


@pytest.mark.parametrize("tag", ["[10002-1.1-z]", "[10002-1.1-a, 10009]", "[10002-1.1-a; x]",
                                 "[10003-9.9-a, 10002-1.1-a]"])
@pytest.mark.parametrize("name", ["src/a/one.c", "test/unit/test_one.c"])
def test_a_tag_that_names_no_row(project, name, tag):
    project.write(name, project.read(name) + "\n/* %s */\n" % tag)
    broken, said = project.failing()
    assert broken == ["tags"]
    assert "# %s:%d: " % (name, project.read(name).count("\n")) in said


@pytest.mark.parametrize("name,tag,row,lacks", [
    ("src/a/one.c", "[10002-1.1-b]", "10002-1.1-b MUST NOT server", "no code:"),
    ("test/unit/test_one.c", "[10002-1.1-b]", "10002-1.1-b MUST NOT server", "no test:"),
    ("src/a/one.c", "[10002-A-bc]", "10002-A-bc SYNTAX sender,receiver", "no code:"),
    ("test/functional/test_two.py", "[10003-6.1-u1]", "10003-6.1-u1 DEF client", "no test:"),
])
def test_a_row_without_code_or_test(project, name, tag, row, lacks):
    project.edit(name, tag, "")
    broken, said = project.failing()
    assert broken == ["rows"]
    assert "# %s: %s" % (row, lacks) in said
    assert "**open**" in project.read("doc/compliance.md")
    listed = project.run("--open").stdout
    assert row in listed and "10004-5-c" not in listed


def test_a_row_with_neither_and_a_note_that_only_says_open(project):
    project.notes(NOTES[1:] + [("10004-5-a", "open", "", "to do")])
    broken, said = project.failing()
    assert broken == ["rows"] and "10004-5-a SHOULD RA: no code and no test:" in said


@pytest.mark.parametrize("kind", ["ra", "open", "not-offered"])
def test_a_note_that_is_no_longer_true(project, kind):
    project.notes(NOTES + [("10002-1.1-a", kind, "", "not there")])
    broken, said = project.failing()
    assert broken == ["notes"] and "10002-1.1-a: " in said and "has code and test" in said


@pytest.mark.parametrize("note,said", [
    (("10002-9.9-x", "ra", "", "why"), "is no row of"),
    (("10004-5-c", "sometime", "", "why"), "kind sometime is none of"),
    (("10004-5-c", "departs", "", ""), "gives no reason"),
    (("10004-5-c", "departs", "man/d.8 FILES", "why"), "only a note for the operator"),
    (("10004-5-c", "operator", "man/e.8 FILES", "why"), "is no manual page"),
    (("10004-5-c", "operator", "man/d.8", "why"), "is no manual page"),
    (("10004-5-c", "operator", "man/d.8 FILES", "why"), "has no [10004-5-c] in its section"),
])
def test_a_note_that_cannot_stand(project, note, said):
    project.notes(NOTES + [note])
    broken, text = project.failing()
    assert broken == ["notes"] and said in text


def test_the_manual_must_say_it_in_that_section(project):
    project.edit("man/d.8", '.\\" [10004-5-b]\n', "")
    project.write("man/d.8", project.read("man/d.8") + '.\\" [10004-5-b]\n')
    broken, said = project.failing()
    assert broken == ["notes"] and "man/d.8 has no [10004-5-b] in its section FILES" in said


@pytest.mark.parametrize("name,text,said", [
    ("doc/requirements/notes.tsv", "id\tkind\n", "the headline is not"),
    ("doc/requirements/rfc1000x.tsv", lines(("id", "level", "actor", "area", "requirement"),
                                            ROWS + ROWS[:1]), "stands there twice"),
    ("doc/requirements/rfc1000x.tsv", lines(("id", "level", "actor", "area", "requirement"),
                                            [("10002-1.1-a", "OUGHT", "all", "x", "y")]),
     "no such level"),
    ("doc/requirements/notes.tsv", lines(("id", "kind", "where", "note"), [NOTES[0], NOTES[0]]),
     "a second note for 10004-5-a"),
    ("doc/requirements/notes.tsv", lines(("id", "kind", "where", "note"), [("10004-5-a", "ra")]),
     "2 fields instead of 4"),
])
def test_data_that_cannot_be_read(project, name, text, said):
    project.write(name, text)
    done = project.run("--check")
    assert done.returncode == 2 and said in done.stderr and not done.stdout
