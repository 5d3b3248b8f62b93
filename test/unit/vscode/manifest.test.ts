import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { machineLimits } from '../../../src/shared/machine.ts';
import { allKinds, endingsOf, modelKinds, runnableKinds } from '../../../src/vscode/endings.ts';

interface Described {
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

interface LanguageModelTool {
  readonly name: string;
  readonly modelDescription: string;
  readonly inputSchema: {
    readonly additionalProperties: boolean;
    readonly required?: readonly string[];
    readonly properties: Readonly<Record<string, Described>>;
  };
}

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly icon: string;
  readonly contributes: {
    readonly commands: readonly { command: string; title: string; category: string }[];
    readonly menus: Readonly<Record<string, readonly { command?: string; submenu?: string }[]>>;
    readonly submenus: readonly { id: string }[];
    readonly configuration: {
      readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    readonly customEditors: readonly {
      viewType: string;
      priority: string;
      selector: readonly { filenamePattern: string }[];
    }[];
    readonly viewsWelcome: readonly { contents: string }[];
    readonly languageModelTools: readonly LanguageModelTool[];
    readonly taskDefinitions: readonly { properties: Readonly<Record<string, Described>> }[];
  };
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] };
  };
}
const text = readFileSync('package.json', 'utf8');
const manifest = JSON.parse(text) as Manifest;
const strings = JSON.parse(readFileSync('package.nls.json', 'utf8')) as Record<string, string>;
const source = readdirSync('src/vscode', { recursive: true, encoding: 'utf8' })
  .filter((f) => f.endsWith('.ts'))
  .map((f) => readFileSync(join('src/vscode', f), 'utf8'))
  .join('\n');
const { contributes } = manifest;
const commands = contributes.commands.map((c) => c.command);

test('every text of the manifest is in package.nls.json, and none there is left over', () => {
  const used = new Set([...text.matchAll(/"%([\w.]+)%"/g)].map((m) => m[1]!));
  assert.deepEqual([...used].sort(), Object.keys(strings).sort());
});
test('menus and editors know the same endings as the code', () => {
  // by ending, not by language: after a reload of the window an explorer knows no language of a file
  const known = [allKinds, modelKinds, runnableKinds, ['dcz'] as const].map((kinds) =>
    [...endingsOf(kinds)].sort().join(),
  );
  const named = [
    ...text.matchAll(/resourceExtname =~ \/\^\\\\\.([\w]+)\$\/i/g),
    ...text.matchAll(/resourceFilename =~ \/\(\^\|\\\\\.\)\(([\w|\\.]+)\)\$\/i/g),
  ];
  const asked = text.split(/resourceExtname|resourceFilename/).length - 1;
  assert.ok(named.length > 5 && named.length === asked);
  for (const [, list] of named) {
    const endings = list!.replaceAll('\\\\', '').split('|');
    assert.ok(known.includes(endings.sort().join()), `menus know ${list}`);
  }
  assert.ok(!text.includes('resourceLangId'));
  const editor = contributes.customEditors.find((e) => e.viewType === 'deepCompression.inspector');
  const patterns = editor?.selector.map((s) => s.filenamePattern.replace(/^\*\./, ''));
  // a file that is called model.json is often no model
  const own = endingsOf(modelKinds.filter((kind) => kind !== 'tfjs'));
  assert.deepEqual(patterns?.sort(), [...own].sort());
  // a .dcz opens in its report: two defaults for one file would make VS Code ask
  assert.deepEqual(
    contributes.customEditors.map(({ priority }) => priority),
    ['default', 'default'],
  );
});
test('every contributed command is registered and every registered one contributed', () => {
  const registered = [...source.matchAll(/register\('(\w+)'/g)].map((m) => m[1]!);
  assert.deepEqual(registered.map((name) => `deepCompression.${name}`).sort(), commands.sort());
});
test('every contributed language-model tool is registered, and its input described', () => {
  const offered = [...source.matchAll(/offer\('(\w+)'/g)].map((m) => m[1]!);
  const tools = contributes.languageModelTools;
  assert.deepEqual(offered.sort(), tools.map((t) => t.name).sort());
  for (const { name, modelDescription, inputSchema } of tools) {
    assert.match(name, /^[a-z]+(_[a-z]+)+$/);
    assert.match(modelDescription, /returns JSON/i);
    assert.match(
      modelDescription,
      /\bNot for\b|It compares .*, not /,
      `${name} says what it is not for`,
    );
    assert.equal(inputSchema.additionalProperties, false);
    for (const key of inputSchema.required ?? []) assert.ok(key in inputSchema.properties);
    for (const [key, { description }] of Object.entries(inputSchema.properties))
      assert.ok(description, `${name}.${key} has no description`);
  }
});
test('the knobs of the machine have the same limits in tools and tasks as in the simulator', () => {
  const tool = contributes.languageModelTools.find(({ name }) => name === 'simulate_eie')!;
  const task = contributes.taskDefinitions[0]!.properties;
  let compared = 0;
  for (const described of [tool.inputSchema.properties, task])
    for (const [knob, { least, most }] of Object.entries(machineLimits)) {
      const { minimum, maximum } = described[knob] ?? { minimum: least, maximum: most };
      assert.deepEqual([minimum, maximum], [least, most], knob);
      if (knob in described) compared++;
    }
  assert.equal(compared, 5);
});
test('commands share one category and have titles in title case', () => {
  for (const { title, category } of contributes.commands) {
    assert.equal(category, '%category%');
    const words = strings[title.slice(1, -1)]!.split(' ');
    for (const word of words) assert.match(word, /^([A-Z]|in$)/, words.join(' '));
  }
});
test('menus and welcome texts name only commands that exist', () => {
  const submenus = contributes.submenus.map(({ id }) => id);
  for (const { command, submenu } of Object.values(contributes.menus).flat())
    assert.ok(commands.includes(command!) || submenus.includes(submenu!), command ?? submenu);
  for (const [, command] of Object.values(strings)
    .join('\n')
    .matchAll(/command:(deepCompression\.\w+)(?!\w*\.focus)/g))
    assert.ok(commands.includes(command!), command);
});
test('every setting says its type, default, scope and meaning', () => {
  for (const [name, setting] of Object.entries(contributes.configuration.properties)) {
    assert.match(name, /^deepCompression\./);
    for (const key of ['type', 'default', 'scope', 'order', 'markdownDescription'])
      assert.ok(key in setting, `${name} has no ${key}`);
  }
});
test('every setting is ignored in an untrusted workspace', () => {
  assert.deepEqual(
    [...manifest.capabilities.untrustedWorkspaces.restrictedConfigurations].sort(),
    Object.keys(contributes.configuration.properties).sort(),
  );
});
test('nothing activates the extension but its own contributions', () => {
  // VS Code derives every event but this one: a panel that comes back after a reload
  assert.deepEqual(manifest.activationEvents, ['onWebviewPanel:deepCompression.eie']);
});
test('the icon is a PNG of at least 128 pixels', () => {
  const png = readFileSync(manifest.icon);
  assert.equal(png.toString('latin1', 1, 4), 'PNG');
  assert.ok(png.readUInt32BE(16) >= 128 && png.readUInt32BE(20) >= 128);
});
test('the bundle of translatable texts is complete', () => {
  assert.ok(existsSync('l10n/bundle.l10n.json'));
  execFileSync(process.execPath, ['scripts/l10n.mjs', '--check'], { stdio: 'pipe' });
});
test('the schemas of recipes are those of the declaration, and the manifest stays small', () => {
  assert.ok(text.length < 50_000, `package.json has ${text.length} bytes`);
  execFileSync(process.execPath, ['scripts/settings-schema.mjs', '--check'], { stdio: 'pipe' });
});
