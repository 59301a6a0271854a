// A backend that says who its users are, in Go without packages. It has two parts:
//
//	/login?as=alice   stands for your own sign-in: it makes a session and keeps it in a cookie
//	/chat-token       is what you need: it answers the session's user with a token for the chat
//
//	go run main.go       PORT=8000 CONFAB_JWT_SECRET_FILE=secret
package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

type user struct{ id, name string }

var (
	secret   []byte
	mutex    sync.Mutex
	sessions = map[string]user{}
)

func encoded(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // what is encoded here always can be
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func tokenFor(who user) string {
	// Short: the client asks for another one in time.
	expires := time.Now().Add(10 * time.Minute).Unix()
	text := encoded(map[string]any{"alg": "HS256", "typ": "JWT"}) + "." +
		encoded(map[string]any{"sub": who.id, "name": who.name, "exp": expires})
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func login(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("as")
	if name == "" {
		http.NotFound(w, r)
		return
	}
	random := make([]byte, 24)
	if _, err := rand.Read(random); err != nil {
		http.Error(w, "no randomness", http.StatusInternalServerError)
		return
	}
	key := base64.RawURLEncoding.EncodeToString(random)
	mutex.Lock()
	sessions[key] = user{name, name}
	mutex.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "session", Value: key, HttpOnly: true, SameSite: http.SameSiteLaxMode, Path: "/"})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func chatToken(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie("session")
	mutex.Lock()
	who, known := user{}, false
	if err == nil {
		who, known = sessions[cookie.Value]
	}
	mutex.Unlock()
	if !known {
		http.Error(w, "sign in first", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprint(w, tokenFor(who))
}

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	data, err := os.ReadFile(environment("CONFAB_JWT_SECRET_FILE", "secret"))
	if err != nil {
		log.Fatal(err)
	}
	secret = []byte(strings.TrimSuffix(string(data), "\n")) // as the chat server reads it
	http.HandleFunc("/login", login)
	http.HandleFunc("/chat-token", chatToken)
	listener, err := net.Listen("tcp", "127.0.0.1:"+environment("PORT", "8000"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
