// Text lines: what they say and how they look. Fixed seeds; the same fonts give the same bytes.
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';
import { join } from 'node:path';
import { words } from '../lib/words.mjs';

const fonts = [
  'truetype/dejavu/DejaVuSans.ttf',
  'truetype/dejavu/DejaVuSerif.ttf',
  'truetype/dejavu/DejaVuSansMono.ttf',
  'truetype/dejavu/DejaVuSans-Bold.ttf',
  'truetype/liberation/LiberationSans-Regular.ttf',
  'truetype/liberation/LiberationSerif-Italic.ttf',
  'truetype/liberation/LiberationMono-Regular.ttf',
  'truetype/liberation/LiberationSansNarrow-Regular.ttf',
  'truetype/wqy/wqy-microhei.ttc',
];
/** @throws Error where a font is missing: other fonts would make other data. */
export function registerFonts() {
  for (const [i, path] of fonts.entries())
    if (!GlobalFonts.registerFromPath(join('/usr/share/fonts', path), `f${i}`))
      throw new Error(
        `the font ${path} is missing: install fonts-dejavu, fonts-liberation and fonts-wqy-microhei`,
      );
}

const latin = 8,
  chinese = 'f8';
// The most common Chinese characters.
const common = [
  ...'的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严龙飞',
];

/** What a line says: words, figures, or Chinese characters. */
export function lineText(r) {
  const kind = r.int(10);
  if (kind < 2) return Array.from({ length: 4 + r.int(8) }, () => r.pick(common)).join('');
  if (kind === 2) return `${r.int(1e6)}.${String(r.int(100)).padStart(2, '0')}`;
  if (kind === 3) return `${r.pick(words)} ${r.int(10000)}-${r.int(100)}`;
  const count = 1 + r.int(4);
  const list = Array.from({ length: count }, () => {
    const w = r.pick(words),
      style = r.int(4);
    return style === 0 ? w.toUpperCase() : style === 1 ? w[0].toUpperCase() + w.slice(1) : w;
  });
  return list.join(' ');
}

/** Family of a font that has the characters. */
export const fontOf = (text, r) => (isChinese(text) ? chinese : `f${r.int(latin)}`);

const isChinese = (text) => /[一-鿿]/.test(text);

/** A text line as RGB bytes, 48 high, slightly turned, noisy, sometimes from a small picture. */
export function renderLine(text, r) {
  const size = r.pick([12, 14, 18, 24, 32, 40]);
  const font = fontOf(text, r);
  const probe = createCanvas(8, 8).getContext('2d');
  probe.font = `${size}px ${font}`;
  const pad = size * 0.35,
    width = probe.measureText(text).width;
  const w = Math.ceil(width + 2 * pad),
    h = Math.ceil(size * 1.5);
  const small = createCanvas(w, h),
    c = small.getContext('2d');
  const dark = r.int(5) === 0,
    base = dark ? r.between(0, 70) : r.between(170, 255),
    ink = dark ? r.between(170, 255) : r.between(0, 90);
  const colour = (v) =>
    `rgb(${[0, 0, 0].map(() => Math.round(Math.max(0, Math.min(255, v + r.between(-20, 20))))).join(',')})`;
  c.fillStyle = colour(base);
  c.fillRect(0, 0, w, h);
  c.translate(w / 2, h / 2);
  c.rotate(r.between(-1, 1) * Math.min(0.03, (0.22 * h) / w));
  c.font = `${size}px ${font}`;
  c.fillStyle = colour(ink);
  c.textBaseline = 'middle';
  c.fillText(text, -width / 2, 0);
  const width48 = Math.max(48, Math.round((w * 48) / h));
  const big = createCanvas(width48, 48),
    b = big.getContext('2d');
  b.drawImage(small, 0, 0, width48, 48);
  const pixels = b.getImageData(0, 0, width48, 48).data,
    level = r.between(0, 28);
  const out = new Uint8Array(48 * width48 * 3);
  for (let i = 0; i < 48 * width48; i++) {
    const n = level * r.normal();
    for (let k = 0; k < 3; k++) out[i * 3 + k] = Math.max(0, Math.min(255, pixels[i * 4 + k] + n));
  }
  return { width: width48, pixels: out };
}
