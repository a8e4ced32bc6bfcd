"""The style sheet of the pages: light and dark by the reader's wish, one column on a phone, focus that can be seen."""

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1f24; --quiet: #57606a; --line: #d0d7de; --raised: #f6f8fa;
  --accent: #0550ae; --ocr: #953800; --good: #116329; --bad: #a40e26; --doubtful: #7d4e00; }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --ink: #e6edf3; --quiet: #9da7b3; --line: #30363d;
  --raised: #161b22; --accent: #79c0ff; --ocr: #ffa657; --good: #56d364; --bad: #ff938a; --doubtful: #e3b341; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--accent); } h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 0 0 .5rem; }
h3 { font-size: 1rem; margin: .75rem 0 .25rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
section, .card { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 0 0 1rem; }
.columns { display: grid; gap: 0 1rem; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); }
.counts { display: grid; gap: .5rem; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); margin: 0; }
.counts div { background: var(--raised); border-radius: .4rem; padding: .4rem .6rem; }
.counts dt { color: var(--quiet); font-size: .85rem; }
.counts dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); }
th { white-space: nowrap; } td:not(.number) { min-width: 7rem; }
td.number, th.number { text-align: right; white-space: nowrap; } .scroll { overflow-x: auto; }
.quiet { color: var(--quiet); } .good { color: var(--good); } .bad { color: var(--bad); } .doubtful { color: var(--doubtful); }
.state { font-weight: 600; } .legend { color: var(--quiet); font-size: .9rem; margin: .25rem 0; }
progress { width: 100%; height: 1rem; accent-color: var(--accent); }
summary { cursor: pointer; padding: .25rem 0; } code { background: var(--raised); padding: .1rem .3rem; border-radius: .3rem; }
.plot { overflow-x: auto; } .chart { width: 100%; min-width: 30rem; height: auto; display: block; }
.chart text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.grid { stroke: var(--line); }
.line { fill: none; stroke-width: 1.5; } .area { opacity: .2; }
.bar, .area.pages { fill: var(--accent); } .area.ocr { fill: var(--ocr); }
.line.pages { stroke: var(--accent); } .line.ocr { stroke: var(--ocr); }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; vertical-align: -.05rem; }
.key.pages { background: var(--accent); } .key.ocr { background: var(--ocr); }
nav ul { display: flex; gap: 1rem; list-style: none; padding: 0; } label { display: block; }
input, button { font: inherit; padding: .4rem .6rem; border: 1px solid var(--quiet); border-radius: .3rem;
  background: var(--ground); color: var(--ink); }
@media (max-width: 40rem) { body { padding: .5rem; } section { padding: .6rem; } }
@media print { section { break-inside: avoid; } .skip { display: none; } }
"""
