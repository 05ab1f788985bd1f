"""From measured groups to plain data (kept as JSON), and from that to Markdown."""
from dataclasses import asdict

from .figures import met, paired, ratios, short, spread


def verdict(value, at_least, below):
    return {True: "met", False: "missed", None: None}[met(value, at_least, below)]


def row_data(row, rows):
    values, figure = row.values(), spread(row.values().values())
    data = {"name": row.name, "unit": row.unit, "command": row.command, "dirty": row.dirty, "error": row.error, "verified": row.verified,
            "figure": figure and asdict(figure)}
    if figure is None:
        return data
    data["rounds"] = {n: {"value": s.value, "wall": s.wall, "cpu": s.cpu, "rss_mib": s.rss_mib, "others": s.others}
                      for n, s in row.samples.items()}
    data["rss_mib"] = max(s.rss_mib for s in row.samples.values())
    data["others"] = max(s.others for s in row.samples.values())
    each = spread(row.cpu_each().values())
    data["cpu_us_each"] = each and each.median
    ratio, peer = None, rows.get(row.against)
    if peer is not None:
        ratio = spread(ratios(values, peer.values()).values())
        data.update(against=row.against, ratio=ratio and asdict(ratio), ratio_dirty=row.dirty or peer.dirty)
    measured = ratio and ratio.median if row.at_least is not None else figure.median
    judged = "failed" if row.error else verdict(measured, row.at_least, row.below)
    data.update(at_least=row.at_least, below=row.below, verdict=judged)
    return data


def derived_data(derived):
    figure = spread(paired(derived.function, *derived.inputs()).values())
    return {"name": derived.name, "unit": derived.unit, "figure": figure and asdict(figure), "below": derived.below,
            "at_least": derived.at_least, "verdict": verdict(figure and figure.median, derived.at_least, derived.below)}


def group_data(group, left_out):
    rows = {r.name: r for r in group.rows if r not in left_out}
    return {"title": group.title, "note": group.note, "rows": [row_data(r, rows) for r in rows.values()],
            "derived": [derived_data(d) for d in group.derived if not any(r in left_out for r in d.of)], "left_out": [r.name for r in left_out]}


def table(header, lines):
    """A Markdown table; a header cell that ends in ':' is aligned to the right."""
    rule = ["---:" if h.endswith(":") else "---" for h in header]
    rows = [[h.rstrip(":") for h in header], rule, *lines]
    return "\n".join("| " + " | ".join(str(c) for c in row) + " |" for row in rows)


def span(figure):
    return f"{short(figure['low'])} - {short(figure['high'])}"


def target(data):
    if data.get("at_least") is not None:
        return f">= {data['at_least']:g}"
    return f"< {data['below']:g} {data['unit'].split()[0]}" if data.get("below") is not None else ""


def row_cells(data):
    name = data["name"] + (" ~" if data["dirty"] else "")
    if data["figure"] is None:
        return [name, "failed", "", data["unit"]] + [""] * 7
    ratio, mark = data.get("ratio"), "~" if data.get("ratio_dirty") else ""
    against = f"{ratio['median']:.2f}{mark} ({ratio['low']:.2f} - {ratio['high']:.2f})" if ratio else ""
    return [name, short(data["figure"]["median"]), span(data["figure"]), data["unit"], short(data["cpu_us_each"]), short(data["rss_mib"]),
            f"{data['others']:.0%}", against, data["against"] if ratio else "", target(data), data["verdict"] or ""]


def markdown(data):
    """One group's tables and remarks."""
    parts = [f"## {data['title']}"]
    parts.append(table(["row", "median:", "min - max:", "unit", "CPU us each:", "peak RSS MiB:", "others:", "ratio (min - max):", "to", "target",
                        "verdict"], [row_cells(r) for r in data["rows"]]))
    if data["derived"]:
        parts.append(table(["derived", "median:", "min - max:", "unit", "target", "verdict"],
                           [[d["name"], short(d["figure"]["median"]), span(d["figure"]), d["unit"], target(d), d["verdict"] or ""]
                            if d["figure"] else [d["name"], "not measured", "", d["unit"], target(d), ""] for d in data["derived"]]))
    remarks = [data["note"]] if data["note"] else []
    checked = [r["name"] for r in data["rows"] if r["verified"]]
    if checked:
        remarks.append(f"Outputs looked at and right: {'; '.join(checked)}.")
    remarks += [f"**{r['name']}**: {r['error']}" for r in data["rows"] if r["error"]]
    if data["left_out"]:
        remarks.append(f"Left out, program not there (see Benchmarks/setup): {'; '.join(data['left_out'])}.")
    if any(r["dirty"] for r in data["rows"]):
        remarks.append("~ other processes took more than 15 % of the machine in every attempt of some round.")
    return "\n\n".join(parts + remarks)


def comparison(old, new):
    """Then and now for every row that two result files share."""
    parts = [f"## Then and now: {old['time']} ({old['commit']}) and {new['time']} ({new['commit']})"]
    differs = [k for k in ("machine", "options") if old.get(k) != new.get(k)]
    if differs:
        parts.append(f"Mind that the two runs differ in: {', '.join(differs)}. Ratios to a peer bear that better than plain figures.")
    lines = []
    for name, group in new["groups"].items():
        before = {r["name"]: r for kind in ("rows", "derived") for r in old["groups"].get(name, {}).get(kind, [])}
        for now in group["rows"] + group["derived"]:
            then = before.get(now["name"])
            if then is None or then["figure"] is None or now["figure"] is None:
                continue
            a, b = then["figure"]["median"], now["figure"]["median"]
            peers = [f"{r['ratio']['median']:.2f}" if r.get("ratio") else "" for r in (then, now)]
            lines.append([name, now["name"], short(a), short(b), now["unit"], f"{b / a:.2f}" if a else "", *peers])
    parts.append(table(["group", "row", "then:", "now:", "unit", "now / then:", "ratio to peer then:", "now:"], lines)
                 if lines else "They have no row in common.")
    return "\n\n".join(parts)
