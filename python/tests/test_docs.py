"""What `docs/python.md` shows is what happens: its blocks run one after another, in a directory of their own."""

import contextlib
import io
import os
import re
import tempfile
import unittest

from support import REPOSITORY

PAGE = (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Page(unittest.TestCase):
    def test_blocks_run(self):
        here, scope, printed = os.getcwd(), {}, io.StringIO()
        self.addCleanup(os.chdir, here)
        with tempfile.TemporaryDirectory() as place, contextlib.redirect_stdout(printed):
            os.chdir(place)
            for language, file, text in BLOCK.findall(PAGE):
                if file:
                    with open(file, "w", encoding="utf-8") as graph:
                        graph.write(text)
                elif language == "python":
                    exec(compile(text, "docs/python.md", "exec"), scope)
                elif language == "graph":
                    # What was printed by the block before.
                    self.assertEqual(printed.getvalue().strip(), text.strip())
            os.chdir(here)


if __name__ == "__main__":
    unittest.main()
