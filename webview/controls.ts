import {
  provideVSCodeDesignSystem,
  vsCodeBadge,
  vsCodeButton,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';

/**
 * The only file that knows the control toolkit. To replace it, register elements of the same names here.
 * Must run before the window's `load` event: the toolkit starts to follow the theme there and nowhere else.
 * It adds style elements of its own without a nonce, which is why the page's policy allows inline styles (and inline styles only).
 */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeBadge(),
    vsCodeButton(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeProgressRing(),
    vsCodeTextField(),
  );
}
