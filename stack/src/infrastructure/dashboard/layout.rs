//! The places of widgets.

use serde_json::{Value as Json, json};

/// The grid of a dashboard has this many columns.
const COLUMNS: usize = 24;
const WIDGETS_PER_ROW: usize = 3;
const TEXT_HEIGHT: usize = 2;
const WIDGET_HEIGHT: usize = 6;

/// A heading, and the widgets below it.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) widgets: Vec<Json>,
}

/// Returns the body of a dashboard with these sections, one below the other.
pub(super) fn body(sections: impl IntoIterator<Item = Section>) -> String {
    let mut placed = Vec::new();
    let mut top = 0;
    for Section { title, text, widgets } in sections {
        let heading = json!({ "type": "text", "properties": { "markdown": format!("## {title}\n{text}") } });
        placed.push(place(heading, [0, top], [COLUMNS, TEXT_HEIGHT]));
        top += TEXT_HEIGHT;
        let per_row = widgets.len().clamp(1, WIDGETS_PER_ROW);
        let width = COLUMNS / per_row;
        let rows = widgets.len().div_ceil(per_row);
        for (index, widget) in widgets.into_iter().enumerate() {
            let corner = [index % per_row * width, top + index / per_row * WIDGET_HEIGHT];
            placed.push(place(widget, corner, [width, WIDGET_HEIGHT]));
        }
        top += rows * WIDGET_HEIGHT;
    }
    let mut body = json!({ "widgets": placed });
    // Another crate may enable the feature of `serde_json` that keeps members in the order of insertion.
    body.sort_all_objects();
    body.to_string()
}

fn place(mut widget: Json, [x, y]: [usize; 2], [width, height]: [usize; 2]) -> Json {
    for (name, value) in [("x", x), ("y", y), ("width", width), ("height", height)] {
        widget[name] = value.into();
    }
    widget
}
