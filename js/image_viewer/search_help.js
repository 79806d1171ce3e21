/** How to search, by examples that can be tried. */
import { h } from "../core/dom.js";
import { openPopover } from "../ui/popover.js";
import { words } from "./search_strings.js";
import { withTerm } from "./search_text.js";

/**
 * @param {Element} anchor
 * @param {{field: HTMLInputElement, searchFor: (text: string) => void}} search
 */
export function openHelp(anchor, { field, searchFor }) {
  const popover = openPopover(
    anchor,
    h(
      "div",
      { class: "holaf-search-help" },
      h("p", {}, words.helpIntro),
      h(
        "div",
        { class: "holaf-search-groups" },
        words.helpGroups.map(({ title, examples }) =>
          h(
            "section",
            {},
            h("h3", {}, title),
            h(
              "ul",
              {},
              examples.map(([example, meaning]) =>
                h(
                  "li",
                  {},
                  h(
                    "button",
                    {
                      type: "button",
                      class: "holaf-example",
                      title: words.insert(example),
                      onclick: () => {
                        popover?.close();
                        searchFor(withTerm(field.value, example));
                        field.focus();
                      },
                    },
                    h("code", {}, example),
                    " ",
                    h("span", {}, meaning),
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
    { label: words.help, width: 780 },
  );
}
