/** What the live page adds to the style of reports. */
import { STYLE } from '../html/style.ts';

export const LIVE_STYLE = `${STYLE}
header, main, footer { max-width: 1080px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 8px 20px; padding-top: 24px; }
header p { margin: 0; font-size: 14px; color: #57606a; }
header form { margin-left: auto; }
h2 { margin-top: 32px; }
button, input { font: inherit; }
button { padding: 4px 12px; border: 1px solid #8c959f; border-radius: 6px; background: #f6f8fa; cursor: pointer; }
input[type=password] { width: 100%; max-width: 28em; padding: 6px 8px; border: 1px solid #8c959f; border-radius: 6px; }
#stream::before { content: '\\25cf'; margin-right: 5px; }
#stream.live { color: #1a6b35; }
#stream.lost { color: #a33c00; }
.none { color: #57606a; }
.rack { margin: 12px 0 20px; }
.rack h3 { margin: 0 0 6px; font-size: 14px; color: #57606a; }
.rack ul { margin: 0; padding: 0; list-style: none; display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); }
.node { display: grid; align-content: start; padding: 6px 10px 8px; border: 1px solid #d0d7de; border-left: 6px solid #8c959f; border-radius: 6px; font-size: 13px; line-height: 1.4; overflow-wrap: anywhere; }
.node .state { font-weight: 600; }
.node .detail { color: #57606a; }
.node .detail:empty { display: none; }
.node.used { border-left-color: #0072b2; }
.node.busy { border-left-color: #e69f00; }
.node.idle { border-left-color: #009e73; }
.node.out { border-left-color: #57606a; border-style: dashed; border-left-style: solid; }
.node.bad { border-left-color: #d55e00; background: #fdf1e8; color: inherit; font-weight: inherit; }
.phase { display: inline-block; margin: 0 4px 2px 0; padding: 0 7px; border: 1px solid #8c959f; border-radius: 9px; font-size: 12px; overflow-wrap: anywhere; color: inherit; font-weight: 400; }
.stacks td > .phase { justify-self: start; }
.phase.used { border-color: #0072b2; }
.phase.busy { border-color: #e69f00; }
.phase.idle { border-color: #009e73; }
.phase.bad { border-color: #d55e00; background: #fdf1e8; }
`;
