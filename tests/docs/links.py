"""Relative links and anchors of the documentation lead somewhere."""

import pages


def broken(documents, root):
    """What is wrong with the links of these pages, one text each."""
    known = {page.path.resolve(): page for page in documents}
    for page in documents:
        for line, link in page.links:
            if "://" in link or link.startswith("mailto:"):
                continue
            path, _, fragment = link.partition("#")
            target = (page.path.parent / path).resolve() if path else page.path.resolve()
            where = f"{page.path.relative_to(root)}:{line}"
            if not target.is_relative_to(root.resolve()):
                yield f"{where}: {link} leads out of the repository"
            elif not target.exists():
                yield f"{where}: {link}: there is no such file"
            elif fragment:
                other = known.get(target) or (pages.read(target) if target.suffix == ".md" else None)
                if other and fragment not in other.anchors:
                    yield f"{where}: {link}: there is no such heading"
