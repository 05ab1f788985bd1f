// Command logpipe is the log parse task as a Go programmer would write it by
// hand: a reader, a bounded channel, N workers, a bounded channel, a writer.
//
// usage: logpipe [-workers N] [-batch BYTES] [-parse regexp|hand] [-order] INPUT OUTPUT
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"log"
	"os"
	"regexp"
	"strconv"
	"sync"
)

type record struct {
	IP      string `json:"ip"`
	User    string `json:"user"`
	TS      string `json:"ts"`
	Method  string `json:"method"`
	Path    string `json:"path"`
	Proto   string `json:"proto"`
	Status  int    `json:"status"`
	Bytes   int    `json:"bytes"`
	Referer string `json:"referer"`
	Agent   string `json:"agent"`
	Class   string `json:"class"`
}

var re = regexp.MustCompile(`^(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) (\S+)" (\d{3}) (\S+) "([^"]*)" "([^"]*)"$`)

func fill(r *record, f *[10]string) bool {
	if f[4] == "/healthz" {
		return false
	}
	st, err := strconv.Atoi(f[6])
	if err != nil || len(f[6]) != 3 {
		return false
	}
	size := 0
	if f[7] != "-" {
		if size, err = strconv.Atoi(f[7]); err != nil {
			return false
		}
	}
	*r = record{f[0], f[1], f[2], f[3], f[4], f[5], st, size, f[8], f[9], f[6][:1] + "xx"}
	return true
}

func parseRegexp(line string, r *record) bool {
	m := re.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	return fill(r, (*[10]string)(m[1:11]))
}

// cut to the next c; rest starts after it.
func cut(s string, c byte) (string, string, bool) {
	for i := 0; i < len(s); i++ {
		if s[i] == c {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func parseHand(s string, r *record) bool {
	var f [10]string
	var ok bool
	if f[0], s, ok = cut(s, ' '); !ok {
		return false
	}
	if _, s, ok = cut(s, ' '); !ok {
		return false
	}
	if f[1], s, ok = cut(s, ' '); !ok || len(s) < 2 || s[0] != '[' {
		return false
	}
	if f[2], s, ok = cut(s[1:], ']'); !ok || len(s) < 3 || s[:2] != " \"" {
		return false
	}
	var q string
	if q, s, ok = cut(s[2:], '"'); !ok || len(s) < 2 {
		return false
	}
	if f[3], q, ok = cut(q, ' '); !ok {
		return false
	}
	if f[4], q, ok = cut(q, ' '); !ok {
		return false
	}
	f[5] = q
	if f[6], s, ok = cut(s[1:], ' '); !ok {
		return false
	}
	if f[7], s, ok = cut(s, ' '); !ok || len(s) < 2 || s[0] != '"' {
		return false
	}
	if f[8], s, ok = cut(s[1:], '"'); !ok || len(s) < 3 || s[:2] != " \"" {
		return false
	}
	if f[9], s, ok = cut(s[2:], '"'); !ok || s != "" {
		return false
	}
	return fill(r, &f)
}

type batch struct {
	seq int
	buf []byte
}

func main() {
	workers := flag.Int("workers", 2, "")
	size := flag.Int("batch", 64<<10, "bytes a batch, cut at a line end")
	how := flag.String("parse", "regexp", "regexp or hand")
	order := flag.Bool("order", false, "keep the input's order")
	flag.Parse()
	in, err := os.Open(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	outf, err := os.Create(flag.Arg(1))
	if err != nil {
		log.Fatal(err)
	}
	parse := parseRegexp
	if *how == "hand" {
		parse = parseHand
	}
	lines := make(chan batch, 16)
	outs := make(chan batch, 16)
	go func() {
		var rest []byte
		for seq := 0; ; {
			b := make([]byte, len(rest)+*size)
			copy(b, rest)
			n, err := in.Read(b[len(rest):])
			b = b[:len(rest)+n]
			i := bytes.LastIndexByte(b, '\n') + 1
			if err != nil {
				i = len(b)
			}
			rest = append([]byte(nil), b[i:]...)
			if i > 0 {
				lines <- batch{seq, b[:i]}
				seq++
			}
			if err != nil {
				break
			}
		}
		close(lines)
	}()
	var wg sync.WaitGroup
	wg.Add(*workers)
	for w := 0; w < *workers; w++ {
		go func() {
			defer wg.Done()
			for b := range lines {
				var o bytes.Buffer
				o.Grow(len(b.buf) + len(b.buf)/2)
				enc := json.NewEncoder(&o)
				enc.SetEscapeHTML(false)
				s := string(b.buf)
				var r record
				for s != "" {
					var line string
					line, s, _ = cut(s, '\n')
					if parse(line, &r) {
						_ = enc.Encode(&r)
					}
				}
				outs <- batch{b.seq, o.Bytes()}
			}
		}()
	}
	go func() { wg.Wait(); close(outs) }()
	w := bufio.NewWriterSize(outf, 1<<16)
	held, next := map[int][]byte{}, 0
	for b := range outs {
		if !*order {
			w.Write(b.buf)
			continue
		}
		held[b.seq] = b.buf
		for x, ok := held[next]; ok; x, ok = held[next] {
			w.Write(x)
			delete(held, next)
			next++
		}
	}
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
	if err := outf.Close(); err != nil {
		log.Fatal(err)
	}
}
