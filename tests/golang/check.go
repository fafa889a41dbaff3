// Checks a C2SP tile directory, and proofs that others made, with golang.org/x/mod/sumdb/note and .../tlog.
//
//	check tiles DIR VKEY...   the checkpoint, each entry's inclusion, consistency from many sizes
//	check proof VKEY...       on standard input: lines `record INDEX LEAF [HASH...]` and `tree SIZE ROOT [HASH...]`
//	                          (hashes in base64), an empty line, the checkpoint they lead to
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const width = 256

func need(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func parseHash(text string) tlog.Hash {
	hash, err := tlog.ParseHash(text)
	need(err, "hash")
	return hash
}

// open verifies the note and takes the checkpoint apart: one of the keys must have signed.
func open(data []byte, vkeys []string) (int64, tlog.Hash) {
	var verifiers []note.Verifier
	for _, vkey := range vkeys {
		verifier, err := note.NewVerifier(vkey)
		need(err, "vkey")
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open(data, note.VerifierList(verifiers...))
	need(err, "note")
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	need(err, "size")
	return size, parseHash(lines[2])
}

// path of a C2SP tile: without the height that this library's own paths have.
func path(kind string, index, size int64) string {
	name := fmt.Sprintf("%03d", index%1000)
	for n := index / 1000; n > 0; n /= 1000 {
		name = fmt.Sprintf("x%03d/%s", n%1000, name)
	}
	if partial := size - index*width; partial < width {
		name = fmt.Sprintf("%s.p/%d", name, partial)
	}
	return filepath.Join("tile", kind, name)
}

// directory reads the library's hashes out of C2SP tiles.
type directory struct {
	root  string
	size  int64
	cache map[string][]byte
}

func (d *directory) read(kind string, index, size int64) ([]byte, error) {
	name := path(kind, index, size)
	if d.cache[name] == nil {
		data, err := os.ReadFile(filepath.Join(d.root, name))
		if err != nil {
			return nil, err
		}
		d.cache[name] = data
	}
	return d.cache[name], nil
}

// hash of the node (level, index): a tile holds each eighth level, those between are made.
func (d *directory) hash(level int, index int64) (tlog.Hash, error) {
	if level%8 != 0 {
		left, err := d.hash(level-1, 2*index)
		if err != nil {
			return left, err
		}
		right, err := d.hash(level-1, 2*index+1)
		return tlog.NodeHash(left, right), err
	}
	var hash tlog.Hash
	tile, err := d.read(strconv.Itoa(level/8), index/width, d.size>>level)
	if err != nil {
		return hash, err
	}
	if copy(hash[:], tile[index%width*tlog.HashSize:]) != tlog.HashSize {
		return hash, io.ErrUnexpectedEOF
	}
	return hash, nil
}

func (d *directory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, index := range indexes {
		hash, err := d.hash(tlog.SplitStoredHashIndex(index))
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func (d *directory) entries() [][]byte {
	var all [][]byte
	for index := int64(0); index*width < d.size; index++ {
		data, err := d.read("entries", index, d.size)
		need(err, "bundle")
		for len(data) > 0 {
			n := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+n])
			data = data[2+n:]
		}
	}
	return all
}

func checkTiles(root string, vkeys []string) {
	data, err := os.ReadFile(filepath.Join(root, "checkpoint"))
	need(err, "checkpoint")
	size, top := open(data, vkeys)
	d := &directory{root, size, map[string][]byte{}}
	made, err := tlog.TreeHash(size, d)
	need(err, "tree")
	if made != top {
		need(fmt.Errorf("the tiles make another root"), root)
	}
	records := 0
	if _, err := os.Stat(filepath.Join(root, "tile", "entries")); err == nil {
		entries := d.entries()
		records = len(entries)
		if int64(records) != size {
			need(fmt.Errorf("%d entries, the checkpoint has %d", records, size), root)
		}
		for index, entry := range entries {
			proof, err := tlog.ProveRecord(size, int64(index), d)
			need(err, "record proof")
			need(tlog.CheckRecord(proof, size, top, int64(index), tlog.RecordHash(entry)), "record")
		}
	}
	trees := 0
	for old := int64(1); old < size; old += 1 + size/100 {
		was, err := tlog.TreeHash(old, d)
		need(err, "tree")
		proof, err := tlog.ProveTree(size, old, d)
		need(err, "tree proof")
		need(tlog.CheckTree(proof, size, top, old, was), "tree")
		trees++
	}
	fmt.Printf("%d records, %d trees\n", records, trees)
}

func checkProof(vkeys []string) {
	input, err := io.ReadAll(os.Stdin)
	need(err, "standard input")
	head, checkpoint, found := bytes.Cut(input, []byte("\n\n"))
	if !found {
		need(io.ErrUnexpectedEOF, "standard input")
	}
	size, top := open(checkpoint, vkeys)
	checked := 0
	for _, line := range strings.Split(string(head), "\n") {
		words := strings.Fields(line)
		number, err := strconv.ParseInt(words[1], 10, 64)
		need(err, "number")
		var hashes []tlog.Hash
		for _, word := range words[3:] {
			hashes = append(hashes, parseHash(word))
		}
		if words[0] == "record" {
			leaf, err := base64.StdEncoding.DecodeString(words[2])
			need(err, "leaf")
			need(tlog.CheckRecord(hashes, size, top, number, tlog.RecordHash(leaf)), line)
		} else {
			need(tlog.CheckTree(hashes, size, top, number, parseHash(words[2])), line)
		}
		checked++
	}
	fmt.Printf("%d proofs\n", checked)
}

func main() {
	if len(os.Args) > 3 && os.Args[1] == "tiles" {
		checkTiles(os.Args[2], os.Args[3:])
	} else if len(os.Args) > 2 && os.Args[1] == "proof" {
		checkProof(os.Args[2:])
	} else {
		fmt.Fprintln(os.Stderr, "usage: check tiles DIR VKEY... | check proof VKEY...")
		os.Exit(2)
	}
}
