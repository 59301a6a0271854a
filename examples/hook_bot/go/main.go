// A bot behind a webhook: it answers "!time" and "!roll" in every room. Go without packages.
//
//	CONFAB_KEY=ck_… WEBHOOK_SECRET=whsec_… PORT=9000 go run main.go
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

var answers = map[string]func() string{
	"!time": func() string { return time.Now().UTC().Format(time.RFC3339) },
	"!roll": func() string { return strconv.Itoa(1 + rand.Intn(6)) },
}

type event struct {
	Type string
	Data struct {
		Room  string
		Entry struct {
			Seq        int
			From, Text string
		}
	}
}

// Whether the server has signed it, and just now.
func isGenuine(headers http.Header, body []byte) bool {
	secret, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("WEBHOOK_SECRET"), "whsec_"))
	stamp := headers.Get("webhook-timestamp")
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", headers.Get("webhook-id"), stamp, body)
	expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for _, one := range strings.Fields(headers.Get("webhook-signature")) {
		seconds, _ := strconv.ParseInt(stamp, 10, 64)
		if hmac.Equal([]byte(one), expected) && time.Since(time.Unix(seconds, 0)).Abs() < 5*time.Minute {
			return true
		}
	}
	return false
}

// The status for the webhook: with 503 it comes again.
func take(headers http.Header, body []byte) int {
	if !isGenuine(headers, body) {
		return http.StatusUnauthorized
	}
	var what event
	if json.Unmarshal(body, &what) != nil || what.Type != "message.created" || what.Data.Entry.From == "bot" {
		return http.StatusNoContent
	}
	entry := what.Data.Entry
	answer := answers[strings.TrimSpace(entry.Text)]
	if answer == nil {
		return http.StatusNoContent
	}
	text, _ := json.Marshal(map[string]any{"from": "bot", "text": answer(), "reply_to": entry.Seq})
	path := environment("CONFAB_URL", "http://127.0.0.1:8080") + "/api/v1/rooms/" + url.PathEscape(what.Data.Room) + "/messages"
	request, _ := http.NewRequest("POST", path, bytes.NewReader(text))
	request.Header.Set("Authorization", "Bearer "+os.Getenv("CONFAB_KEY"))
	request.Header.Set("Content-Type", "application/json")
	// The key is of the message that is answered: a webhook that comes twice is answered once.
	request.Header.Set("Idempotency-Key", fmt.Sprintf("answer-%d", entry.Seq))
	said, err := http.DefaultClient.Do(request)
	if err != nil || said.StatusCode >= 500 || said.StatusCode == http.StatusTooManyRequests {
		return http.StatusServiceUnavailable
	}
	said.Body.Close()
	return http.StatusNoContent
}

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+environment("PORT", "9000"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(take(r.Header, body))
	})))
}
