// Opens a page of layer/examples/http-node in Chromium, and prints what it shows: browser.js URL.
'use strict'
const { chromium } = require('playwright-core')

const options = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'
]

async function main (url) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args: options })
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(60000)
    await page.goto(url)
    console.log(`title: ${await page.title()}`)
    console.log(`cookie: ${await page.evaluate('document.cookie')}`)
    const image = await page.waitForFunction(() => {
      const image = document.querySelector('img')
      return image.complete && `${image.naturalWidth}x${image.naturalHeight}`
    })
    console.log(`image: ${await image.jsonValue()}`)
    const list = page.locator('#list li')
    await list.nth(2).waitFor()
    console.log(`ticks: ${(await list.allTextContents()).join(' ')}`)
    await page.fill('input[name=name]', 'Anna')
    await Promise.all([page.waitForURL('**/greet'), page.click('button')])
    console.log(`form: ${(await page.textContent('body')).trim()}`)
  } finally {
    await browser.close()
  }
}

main(process.argv[2]).catch(error => {
  console.error(error)
  process.exitCode = 1
})
