import { html, nothing, type TemplateResult } from 'lit';
import { codeView } from './codeView.ts';
import { parseMarkdown, type Block, type Inline, type ListEntry } from './markdown.ts';

/**
 * An agent's words as they were meant to be read. Only text ever goes into the document: nothing of it becomes markup, a link
 * leads nowhere and says where it would, and an image stays its words.
 */
export function markdownView(text: string): TemplateResult {
  return html`<div class="md" dir="auto">${parseMarkdown(text).map(blockView)}</div>`;
}

function blockView(block: Block): TemplateResult {
  switch (block.type) {
    case 'paragraph':
      return html`<p dir="auto">${inlineView(block.children)}</p>`;
    case 'heading':
      return html`<h4 dir="auto">${inlineView(block.children)}</h4>`;
    case 'code':
      return codeView(block.text, block.language);
    case 'quote':
      return html`<blockquote>${block.blocks.map(blockView)}</blockquote>`;
    case 'rule':
      return html`<hr />`;
    case 'list':
      return block.start === undefined
        ? html`<ul>
            ${block.items.map(entryView)}
          </ul>`
        : html`<ol start=${block.start}>
            ${block.items.map(entryView)}
          </ol>`;
    case 'table':
      return html`<div class="md-table" tabindex="0" role="group" aria-label="Table">
        <table>
          <thead>
            <tr>
              ${block.head.map((cell) => html`<th scope="col">${inlineView(cell)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${block.rows.map(
              (row) =>
                html`<tr>
                  ${row.map((cell) => html`<td>${inlineView(cell)}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`;
  }
}

function entryView({ isDone, blocks }: ListEntry): TemplateResult {
  const [first] = blocks;
  const isTight = blocks.length === 1 && first?.type === 'paragraph';
  return html`<li class=${isDone === undefined ? nothing : 'task'} dir="auto">
    ${isDone === undefined ? nothing : html`<span class="task-mark">${isDone ? '☑' : '☐'} </span>`}${isTight ? inlineView(first.children) : blocks.map(blockView)}
  </li>`;
}

const inlineView = (nodes: readonly Inline[]): readonly (TemplateResult | string)[] =>
  nodes.map((node) => {
    switch (node.type) {
      case 'text':
        return node.text;
      case 'code':
        return html`<code dir="ltr">${node.text}</code>`;
      case 'break':
        return html`<br />`;
      case 'strong':
        return html`<strong>${inlineView(node.children)}</strong>`;
      case 'em':
        return html`<em>${inlineView(node.children)}</em>`;
      case 'del':
        return html`<del>${inlineView(node.children)}</del>`;
      case 'link': {
        const [only] = node.children;
        const saysIt = node.children.length === 1 && only?.type === 'text' && only.text === node.href;
        return html`<span class="md-link">${inlineView(node.children)}</span
          >${saysIt ? nothing : html` <span class="meta">(<bdi>${node.href}</bdi>)</span>`}`;
      }
    }
  });
