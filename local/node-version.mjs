// Plain JavaScript, because a Node that is too old for the platform reads it.

const OLDEST = '24.11';

/** @param {string} version Such as `24.11.0`. */
export const isNewEnough = (version) => {
  const [[major, minor], [oldestMajor, oldestMinor]] = [version, OLDEST].map((text) => text.split('.').map(Number));
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
};

export const TOO_OLD = `Node ${process.versions.node} is too old: install Node ${OLDEST} or newer (on Linux, npm ci brings one)\n`;
