#!/usr/bin/env python3
"""Makes a Markdown table from lists of JSON lines of comparison kernels.

Each line is {"peer", "kernel", "n", "ns"}; lists of kiln and of its peers are
given as files, which must stem from one sitting on one host, in which they may
have run several times in turn. A column per peer in nanoseconds per element, the
median of its runs, and how many times faster kiln is than the best of the strict
peers.

    peers_table.py [--n 65536] kiln.jsonl peers.jsonl > table.md
"""
import argparse
import json
import statistics

STRICT = ("gcc", "numba", "numexpr")
ORDER = ("kiln", "kiln-interp", "rust", "gcc", "gcc-fast", "numba", "numba-fast", "numexpr")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lists", nargs="+")
    parser.add_argument("--n", type=int, help="only columns of this length; kernels of another size are kept")
    options = parser.parse_args()
    times, kernels, sizes = {}, [], {}
    for path in options.lists:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith("{"):
                    continue
                row = json.loads(line)
                key = (row["kernel"], row["n"])
                if key not in kernels:
                    kernels.append(key)
                    sizes.setdefault(row["kernel"], set()).add(row["n"])
                times.setdefault((row["peer"], *key), []).append(row["ns"])
    times = {key: statistics.median(runs) for key, runs in times.items()}
    if options.n:
        kernels = [(k, n) for k, n in kernels if n == options.n or len(sizes[k]) == 1]
    peers = [p for p in ORDER if any((p, *key) in times for key in kernels)]
    print("| kernel | n | " + " | ".join(peers) + " | best strict peer / kiln |")
    print("|---|---" + "|---:" * (len(peers) + 1) + "|")
    for key in kernels:
        ours = times.get(("kiln", *key))
        if ours is None:
            continue
        cells = [f"{times[(p, *key)]:.3g}" if (p, *key) in times else "" for p in peers]
        strict = [times[(p, *key)] for p in STRICT if (p, *key) in times]
        ratio = f"{min(strict) / ours:.2f}" if strict else ""
        name = key[0].replace("|", "\\|")
        print(f"| `{name}` | {key[1]} | " + " | ".join(cells) + f" | {ratio} |")


main()
