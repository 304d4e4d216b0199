package main

import (
	"encoding/xml"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parallax/internal/lab/loopback"
)

// serveFolder answers as much of S3's protocol as reading an inventory takes, for a folder whose folders are buckets: listings
// and objects, whole or by range. It runs in the process that measures, not in the one that is measured.
func serveFolder(dir string) (url string, stop func(), err error) {
	url, stop, err = loopback.Serve(folder(dir))
	if err != nil {
		return "", nil, fmt.Errorf("serve %s: %w", dir, err)
	}
	return url, stop, nil
}

type folder string

// ServeHTTP answers GET of an object and of a listing (Amazon S3 API reference, "GetObject", "ListObjectsV2").
func (f folder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	path := filepath.Join(string(f), filepath.FromSlash(filepath.Clean("/"+bucket+"/"+key)))
	if key == "" {
		f.list(w, bucket, r.URL.Query().Get("prefix"), r.URL.Query().Get("delimiter"))
		return
	}
	file, err := os.Open(path) //nolint:gosec // cleaned above
	if err != nil {
		http.Error(w, `<Error><Code>NoSuchKey</Code></Error>`, http.StatusNotFound)
		return
	}
	defer file.Close() //nolint:errcheck // only read
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.Error(w, `<Error><Code>NoSuchKey</Code></Error>`, http.StatusNotFound)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.Size(), info.ModTime().UnixNano()))
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", info.ModTime(), file)
}

type listResult struct {
	XMLName        xml.Name       `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name           string         `xml:"Name"`
	Prefix         string         `xml:"Prefix"`
	KeyCount       int            `xml:"KeyCount"`
	MaxKeys        int            `xml:"MaxKeys"`
	IsTruncated    bool           `xml:"IsTruncated"`
	Contents       []listedObject `xml:"Contents"`
	CommonPrefixes []commonPrefix `xml:"CommonPrefixes"`
}

type listedObject struct {
	Key          string `xml:"Key"`
	Size         int64  `xml:"Size"`
	LastModified string `xml:"LastModified"`
	ETag         string `xml:"ETag"`
}

type commonPrefix struct {
	Prefix string `xml:"Prefix"`
}

// list is on one page: an inventory has few files.
func (f folder) list(w http.ResponseWriter, bucket, prefix, delimiter string) {
	var answer listResult
	answer.Name, answer.Prefix, answer.MaxKeys = bucket, prefix, 1000
	root := filepath.Join(string(f), filepath.Base(bucket))
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || !strings.HasPrefix(filepath.ToSlash(name), prefix) {
			return err
		}
		key := filepath.ToSlash(name)
		if head, _, below := strings.Cut(key[len(prefix):], delimiter); delimiter != "" && below {
			group := commonPrefix{prefix + head + delimiter}
			if !slices.Contains(answer.CommonPrefixes, group) {
				answer.CommonPrefixes = append(answer.CommonPrefixes, group)
			}
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		answer.Contents = append(answer.Contents, listedObject{key, info.Size(), info.ModTime().UTC().Format("2006-01-02T15:04:05.000Z"), `"x"`})
		return nil
	})
	if err != nil {
		http.Error(w, `<Error><Code>NoSuchBucket</Code></Error>`, http.StatusNotFound)
		return
	}
	answer.KeyCount = len(answer.Contents) + len(answer.CommonPrefixes)
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(answer) // the client may have gone
}
