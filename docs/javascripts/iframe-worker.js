// Browsers start no workers from files. Where the pages are opened from a folder, a hidden frame does the search instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super()
      this.waiting = []
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      document.body.append(this.frame)
      const inner = this.frame.contentWindow
      inner.postMessage = (data) => {
        const event = new MessageEvent("message", { data: structuredClone(data) })
        // Later, as from a worker: who has asked does not expect the answer before its call returns.
        setTimeout(() => {
          this.dispatchEvent(event)
          if (this.onmessage) this.onmessage(event)
        })
      }
      const script = inner.document.createElement("script")
      script.src = address
      script.onload = () => {
        for (const data of this.waiting.splice(0)) this.send(data)
        this.waiting = null
      }
      inner.document.body.append(script)
    }

    send(data) {
      const inner = this.frame.contentWindow
      const event = new inner.MessageEvent("message", { data: inner.structuredClone(data) })
      inner.dispatchEvent(event)
      if (inner.onmessage) inner.onmessage(event)
    }

    postMessage(data) {
      if (this.waiting) this.waiting.push(data)
      else this.send(data)
    }

    terminate() {
      this.frame.remove()
    }
  }
}
