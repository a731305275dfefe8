/** The stylesheet. Colours are Okabe and Ito's, made darker or lighter where the ground would swallow them. */
export const COLORS = `
:root {
  color-scheme: light dark;
  --ground: #fff; --text: #1c2128; --faint: #68717d; --line: #d9dee4; --shade: #f5f7f9;
  --auto: #d55e00; --bound: #8a8f96; --front: #f3e3a3;
  --color-0: #0072b2; --color-1: #009e73; --color-2: #e69f00; --color-3: #cc79a7; --color-4: #56b4e9;
  --color-5: #1c2128; --color-6: #b5a500;
  --part-kept: #0072b2; --part-pruned: #e69f00; --part-cancelled: #cc79a7; --part-verifier: #a9b0b8;
  --more: #00694c; --less: #a84300;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15181d; --text: #e4e8ed; --faint: #9aa4b0; --line: #343b45; --shade: #1d2127;
    --auto: #ff7a1a; --bound: #868d96; --front: #6b5d25;
    --color-0: #3a8fd0; --color-1: #1fb58a; --color-4: #7cc8f2; --color-5: #e4e8ed; --color-6: #f0e442;
    --part-kept: #3a8fd0; --part-verifier: #79818b;
    --more: #3fd0a4; --less: #ff9a57;
  }
}
`;

export const CHART_STYLE = `
svg.plot { --plot-background: var(--ground); display: block; width: 100%; height: auto; font: 13px system-ui, sans-serif; color: var(--text); }
`;

export const PAGE_STYLE = `${COLORS}${CHART_STYLE}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1128px; margin: 0 auto; padding: 24px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 12px; }
h2 { color: var(--text); font-size: 1.35rem; margin: 48px 0 10px; }
.lead { font-size: 1.2rem; line-height: 1.45; margin: 0 0 20px; max-width: 62em; }
.note, small, footer { color: var(--faint); }
.note { max-width: 52em; margin: 8px 0 12px; font-size: .93rem; }
dl.facts { display: flex; flex-wrap: wrap; gap: 10px 32px; margin: 0; padding: 14px 16px; background: var(--shade); border-radius: 8px; font-size: .93rem; }
dl.facts .long { flex-basis: 100%; }
dt { color: var(--faint); font-size: .85rem; }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: .92em ui-monospace, monospace; }
ul.legend { display: flex; flex-wrap: wrap; gap: 6px 20px; list-style: none; margin: 8px 0; padding: 0; font-size: .95rem; }
ul.legend .auto { font-weight: 700; }
.swatch { width: 34px; height: 12px; margin-right: 7px; vertical-align: -1px; }
.chip { display: inline-block; width: 14px; height: 14px; border-radius: 3px; margin-right: 7px; vertical-align: -2px; }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; font-size: .95rem; margin: 14px 0 4px; }
.narrow { display: none; }
.units, .panels { display: grid; gap: 8px 20px; grid-template-columns: 1fr 1fr; }
.units .first { grid-column: 1 / -1; }
.panels { grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); }
.panels.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr)); margin-bottom: 20px; }
.panels figure { max-width: 420px; }
.tables { display: flex; flex-wrap: wrap; gap: 26px 32px; align-items: flex-start; }
.tables figure { max-width: 100%; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .93rem; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 8px 5px 14px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); vertical-align: top; line-height: 1.3; }
th:first-child { text-align: left; padding-left: 4px; position: sticky; left: 0; background: var(--ground); }
.tables figcaption { margin-top: 0; }
thead th { color: var(--faint); font-weight: 600; }
tbody th { font-weight: 500; }
td b { font-weight: 600; }
td.best { background: var(--shade); box-shadow: inset 0 -2px var(--text); }
td.best em { font-size: .78rem; font-style: normal; font-weight: 700; text-transform: uppercase; letter-spacing: .03em; }
.more, .more b { color: var(--more); }
.less, .less b { color: var(--less); }
abbr { text-decoration: none; }
details { margin-top: 20px; }
summary { cursor: pointer; }
footer { margin-top: 48px; padding-top: 16px; border-top: 1px solid var(--line); font-size: .93rem; }
footer dt { color: var(--text); font-weight: 600; font-size: inherit; }
footer dd { margin: 0 0 8px; max-width: 52em; }
@media (max-width: 900px) {
  .wide { display: none; }
  .narrow { display: block; max-width: 520px; }
}
@media (max-width: 640px) {
  main { padding: 16px; }
  h1 { font-size: 1.5rem; }
  .lead { font-size: 1.08rem; }
  .units { grid-template-columns: 1fr; }
}
`;
