// Browsers may refuse storage (private windows, blocked cookies). Then a value lives as long as the page.

class Kept {
  constructor(area, key) {
    this.key = key;
    this.memory = null;
    try {
      this.area = window[area];
    } catch {
      this.area = null;
    }
  }

  get() {
    try {
      return JSON.parse(this.area.getItem(this.key));
    } catch {
      return this.memory;
    }
  }

  set(value) {
    this.memory = value;
    try {
      this.area.setItem(this.key, JSON.stringify(value));
    } catch {
      // Kept in memory only.
    }
  }
}

export const keptForever = (key) => new Kept("localStorage", key);
export const keptForThisTab = (key) => new Kept("sessionStorage", key);
