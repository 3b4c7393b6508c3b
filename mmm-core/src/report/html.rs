//! Writes HTML: everything that comes from the data is escaped, and only here.

use super::charts::{Chart, Size, Table, escape};

/// Markup that is safe to put on a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup of our own; nothing of the data may be in it.
    pub(super) fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of any origin.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escape(text));
        self
    }

    /// `<tag class="class">text</tag>`.
    pub(super) fn element(&mut self, tag: &str, class: &str, text: &str) -> &mut Self {
        self.open(tag, class).text(text).close(tag)
    }

    /// `<tag class="class">`.
    pub(super) fn open(&mut self, tag: &str, class: &str) -> &mut Self {
        self.raw("<").raw(tag);
        if !class.is_empty() {
            self.raw(" class=\"").text(class).raw("\"");
        }
        self.raw(">")
    }

    /// `</tag>`.
    pub(super) fn close(&mut self, tag: &str) -> &mut Self {
        self.raw("</").raw(tag).raw(">")
    }

    /// A card with a heading.
    pub(super) fn card(&mut self, class: &str, heading: &str, fill: impl FnOnce(&mut Self)) {
        self.open("section", &format!("card {class}")).element("h2", "", heading);
        fill(self);
        self.close("section");
    }

    /// A chart as a card: finding, what is drawn, both drawings, and its table folded away.
    pub(super) fn chart(&mut self, chart: &dyn Chart) {
        self.open("section", "card figure").open("div", "figure-head").element("h2", "", &chart.heading());
        self.element("p", "subtitle", &chart.subtitle()).close("div");
        self.raw("<div class=\"drawing\" data-chart=\"").text(chart.id()).raw("\">");
        for (size, class) in [(Size::Wide, "wide"), (Size::Narrow, "narrow")] {
            self.open("div", class).raw(&chart.svg(size)).close("div");
        }
        self.close("div").raw("<details><summary>Show as table</summary>");
        self.table(&chart.table(), Some(chart.id()));
        self.close("details").close("section");
    }

    /// A table that scrolls within its place. With an `id` it belongs to a chart; without one its rows
    /// are stacked on a phone.
    pub(super) fn table(&mut self, table: &Table, id: Option<&str>) {
        self.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table ");
        match id {
            Some(id) => self.raw("data-table=\"").text(id),
            None => self.raw("class=\"stacks"),
        };
        self.raw("\"><thead><tr>");
        for (heading, class) in table.headings() {
            self.raw("<th scope=\"col\" class=\"").text(class).raw("\">").text(&heading).close("th");
        }
        self.raw("</tr></thead><tbody>");
        for row in table.display() {
            self.raw("<tr>");
            for (at, ((cell, class), column)) in row.into_iter().zip(&table.columns).enumerate() {
                let label = if at > 0 && id.is_none() { Some(column.label.as_str()) } else { None };
                self.cell(class, label, &cell);
            }
            self.raw("</tr>");
        }
        self.raw("</tbody></table></div>");
    }

    /// A cell, with what stands before it where rows are stacked.
    pub(super) fn cell(&mut self, class: &str, label: Option<&str>, text: &str) -> &mut Self {
        self.raw("<td class=\"").text(class).raw("\"");
        if let Some(label) = label {
            self.raw(" data-label=\"").text(label).raw("\"");
        }
        self.raw(">").text(text).close("td")
    }

    /// A list of sentences.
    pub(super) fn list<'a>(&mut self, sentences: impl IntoIterator<Item = &'a str>) {
        self.raw("<ul>");
        for sentence in sentences {
            self.element("li", "", sentence);
        }
        self.raw("</ul>");
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}
